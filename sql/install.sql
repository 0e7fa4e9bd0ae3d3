-- The extension installs into the schema the user names; what it owns is
-- complete and commented.
SET client_min_messages = warning;
CREATE SCHEMA other;
CREATE EXTENSION mmdb SCHEMA other;
SELECT '[1,2,3]'::other.mmvector OPERATOR(other.<->) '[1,2,5]' AS distance;
ALTER EXTENSION mmdb SET SCHEMA public;
DROP EXTENSION mmdb;
DROP SCHEMA other;

CREATE EXTENSION mmdb;
RESET client_min_messages;

-- Every operator class is what amvalidate wants it to be.
SELECT count(*) AS classes, bool_and(amvalidate(c.oid)) AS valid
FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod
WHERE a.amname = 'mmdb' OR c.opcname IN ('mmvector_ops', 'odbquery_ops');

-- One default class a type, at most.
SELECT t.typname, c.opcname
FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod JOIN pg_type t ON t.oid = c.opcintype
WHERE a.amname = 'mmdb' AND c.opcdefault ORDER BY c.opcname COLLATE "C";

-- Functions: all commented, all in one of the two schemas.  Volatile are those that check, change,
-- measure or try out something.
CREATE VIEW mine AS
	SELECT p.* FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
		  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'mmdb');
SELECT oid::regprocedure AS uncommented FROM mine WHERE obj_description(oid, 'pg_proc') IS NULL;
SELECT DISTINCT pronamespace::regnamespace, provolatile, proparallel FROM mine ORDER BY 1, 2, 3;
SELECT o.oid::regoperator AS uncommented FROM pg_operator o JOIN mine p ON p.oid = o.oprcode
WHERE obj_description(o.oid, 'pg_operator') IS NULL;
DROP VIEW mine;

-- Symmetric operators know that they are.
SELECT o.oid::regoperator FROM pg_operator o JOIN pg_amop m ON m.amopopr = o.oid
	JOIN pg_am a ON a.oid = m.amopmethod
WHERE a.amname = 'mmdb' AND o.oprleft = o.oprright AND o.oprcom <> o.oid;

-- What the other tests have in common.  (Run from the project's top directory.)
\set ECHO none
\i test/differences.sql
\set ECHO all
