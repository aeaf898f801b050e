-- The login role with which Remit reads this database. Run it as an administrator, in the database itself; it may be run again.
-- What it reads stands in the system catalogues, which every role may read: names, owners, privileges and memberships, never a row of
-- a table. So CONNECT is all that it is given. How it proves who it is (a password, a certificate) is for you to set.
DO $remit$
BEGIN
  RAISE NOTICE 'remit_read is made for the database %', pg_catalog.current_database();
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'remit_read') THEN
    CREATE ROLE remit_read LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 8;
  END IF;
  COMMENT ON ROLE remit_read IS 'service account of Remit: reads who may do what';
  EXECUTE pg_catalog.format('GRANT CONNECT ON DATABASE %I TO remit_read', pg_catalog.current_database());
END
$remit$;
