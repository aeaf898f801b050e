-- The login role with which Remit narrows, stops and retires other roles, only in a plan that a person approved. Run it as an administrator,
-- in the database itself; run it again when owners or agents are new. How it proves who it is (a password, a certificate) is for you to set.
--
-- What it is given, and why (nothing of it is inherited: it acts as another role only where it says SET ROLE):
--   CREATEROLE                              without it nobody but a superuser changes LOGIN of another role
--   SET on the owners, and on whoever granted something       privileges are revoked, and given back, in the name of who granted them
--   ADMIN and SET on login roles            to stop them, and to try afterwards, as them, that a change holds
--   ADMIN on the roles these are members of, and the memberships themselves granted anew in its name, with the same options: in Postgres
--                                           a membership can be ended by nobody but its grantor
-- What it is not given, so that Remit says it as residue and leaves it to you:
--   objects that superusers own, and what superusers granted on them; superusers themselves, and memberships in them
--   logins of people: a mail address as name, or a comment that says so
--   predefined roles that lead to the operating system (pg_execute_server_program, pg_read_server_files, pg_write_server_files)
--   CREATEDB, BYPASSRLS and REPLICATION of other roles, which only who has them can take away
DO $remit$
DECLARE
  found record;
BEGIN
  RAISE NOTICE 'remit_write is made for the database %', pg_catalog.current_database();
  IF pg_catalog.current_setting('server_version_num')::int < 160000 THEN
    RAISE EXCEPTION 'before Postgres 16 only a superuser can do this: memberships have no SET and INHERIT options there';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'remit_write') THEN
    CREATE ROLE remit_write LOGIN NOINHERIT CREATEROLE NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 4;
  END IF;
  COMMENT ON ROLE remit_write IS 'service account of Remit: carries out approved plans';
  EXECUTE pg_catalog.format('GRANT CONNECT ON DATABASE %I TO remit_write', pg_catalog.current_database());

  -- Owners in this database, and whoever granted something here or made members: not superusers, not predefined roles.
  FOR found IN
    SELECT DISTINCT r.oid, r.rolname FROM pg_catalog.pg_roles r WHERE NOT r.rolsuper AND r.rolname !~ '^(pg_|remit_(read|write)$)' AND r.oid IN (
      SELECT relowner FROM pg_catalog.pg_class UNION SELECT nspowner FROM pg_catalog.pg_namespace
      UNION SELECT proowner FROM pg_catalog.pg_proc UNION SELECT lanowner FROM pg_catalog.pg_language
      UNION SELECT srvowner FROM pg_catalog.pg_foreign_server UNION SELECT fdwowner FROM pg_catalog.pg_foreign_data_wrapper
      UNION SELECT lomowner FROM pg_catalog.pg_largeobject_metadata
      UNION SELECT datdba FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
      UNION SELECT x.grantor FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) x
      UNION SELECT x.grantor FROM pg_catalog.pg_attribute a, pg_catalog.aclexplode(a.attacl) x
      UNION SELECT x.grantor FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) x
      UNION SELECT x.grantor FROM pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) x
      UNION SELECT x.grantor FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) x WHERE d.datname = pg_catalog.current_database()
      UNION SELECT m.grantor FROM pg_catalog.pg_auth_members m)
    ORDER BY r.rolname
  LOOP
    EXECUTE pg_catalog.format('GRANT %I TO remit_write WITH INHERIT FALSE, SET TRUE', found.rolname);
  END LOOP;

  -- Login roles that are not people's: these it may stop, and try as.
  FOR found IN
    SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.rolcanlogin AND {an_agent}
    ORDER BY r.rolname
  LOOP
    EXECUTE pg_catalog.format('GRANT %I TO remit_write WITH ADMIN TRUE, INHERIT FALSE, SET TRUE', found.rolname);
  END LOOP;

  -- What these are members of: a superuser's grant is given anew in the name of remit_write, unless others hang on it.
  FOR found IN
    SELECT g.rolname AS role, r.rolname AS member, o.rolname AS grantor, m.inherit_option, m.set_option, m.admin_option,
      g.rolname ~ '^pg_' AS is_predefined
    FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid JOIN pg_catalog.pg_roles r ON r.oid = m.member
      JOIN pg_catalog.pg_roles o ON o.oid = m.grantor
    WHERE o.rolsuper AND NOT g.rolsuper AND {an_agent}
      AND g.rolname NOT IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members d WHERE d.roleid = m.roleid AND d.grantor = m.member)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members d WHERE d.roleid = m.roleid AND d.member = m.member AND d.grantor <> m.grantor)
    ORDER BY g.rolname, r.rolname
  LOOP
    IF found.is_predefined THEN
      EXECUTE pg_catalog.format('GRANT %I TO remit_write WITH ADMIN TRUE, INHERIT FALSE, SET FALSE', found.role);
    ELSE
      EXECUTE pg_catalog.format('GRANT %I TO remit_write WITH ADMIN TRUE, INHERIT FALSE, SET TRUE', found.role);
    END IF;
    EXECUTE pg_catalog.format('REVOKE %I FROM %I GRANTED BY %I', found.role, found.member, found.grantor);
    EXECUTE pg_catalog.format('GRANT %I TO %I WITH INHERIT %s, SET %s, ADMIN %s GRANTED BY remit_write', found.role, found.member,
      found.inherit_option::text, found.set_option::text, found.admin_option::text);
  END LOOP;
END
$remit$;
