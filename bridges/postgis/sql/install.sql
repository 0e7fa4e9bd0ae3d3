-- The bridge needs both extensions.
CREATE EXTENSION mmdb_postgis;
SET client_min_messages = warning;
CREATE EXTENSION mmdb_postgis CASCADE;
RESET client_min_messages;

SELECT opcname, opcintype::regtype AS type, opcdefault, amvalidate(c.oid) AS valid
FROM pg_depend d JOIN pg_opclass c ON c.oid = d.objid
WHERE d.classid = 'pg_opclass'::regclass AND d.deptype = 'e' AND
	d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'mmdb_postgis')
ORDER BY opcname;

-- Every function has a comment.
SELECT objid::regprocedure
FROM pg_depend
WHERE classid = 'pg_proc'::regclass AND deptype = 'e' AND
	refobjid = (SELECT oid FROM pg_extension WHERE extname = 'mmdb_postgis') AND
	obj_description(objid, 'pg_proc') IS NULL;
