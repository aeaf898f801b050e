#!/bin/sh
# Dumps the database and keeps thirty days.
set -eu
day=$(date +%F)
pg_dump --format=custom --file="/backup/shop-$day.dump" "postgresql://backup@db.tidewater.internal/shop"
find /backup -name 'shop-*.dump' -mtime +30 -delete
