-- The groups that logins are members of. They belong to the whole server, and each installation on it has six of its
-- own. The files have the names of the first one; the migrator writes those of the database's own installation in
-- their place, in every file: countersign_NAME_portal and so on.

-- Another database may be making the same ones at this moment.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['countersign_portal', 'countersign_app', 'countersign_gateway',
                                  'countersign_worker', 'countersign_monitor', 'countersign_admin'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted);
        BEGIN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', wanted);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            RAISE EXCEPTION USING ERRCODE = 'object_in_use', MESSAGE = pg_catalog.format(
                'another database of this server has made the group %s at this moment: migrate this one with '
                '--installation NAME, and its groups have names of their own', wanted);
        END;
    END LOOP;
END
$$;

-- The group of this installation whose members are portals, apps, ... Programs find the installation's name in this
-- very text, which anybody may read.
CREATE OR REPLACE FUNCTION countersign.group_role(kind text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN CASE kind WHEN 'portal' THEN 'countersign_portal' WHEN 'app' THEN 'countersign_app'
                     WHEN 'gateway' THEN 'countersign_gateway' WHEN 'worker' THEN 'countersign_worker'
                     WHEN 'monitor' THEN 'countersign_monitor' WHEN 'admin' THEN 'countersign_admin' END;
END
$$;
COMMENT ON FUNCTION countersign.group_role(text) IS
    'The group of this installation that logins of portal, app, gateway, worker, monitor or admin belong to.';
