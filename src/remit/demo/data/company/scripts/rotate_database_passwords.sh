#!/bin/sh
# New passwords for the logins of a namespace, into its secret. Usage: rotate_database_passwords.sh NAMESPACE LOGIN...
set -eu
namespace=$1
shift
for login in "$@"; do
    word=$(head -c 24 /dev/urandom | base64)
    printf "ALTER ROLE %s PASSWORD '%s';\n" "$login" "$word" | psql -q -h db.tidewater.internal -d shop
    kubectl -n "$namespace" create secret generic "$(echo "$login" | tr _ -)-database" \
        --from-literal="passwords=db.tidewater.internal:5432:shop:$login:$word" --dry-run=client -o yaml | kubectl apply -f -
done
