\echo Use "CREATE EXTENSION mmdb" to load this file. \quit

CREATE SCHEMA mmdb;
COMMENT ON SCHEMA mmdb IS 'administration of multi-metric indexes';
GRANT USAGE ON SCHEMA mmdb TO PUBLIC;
