/*-------------------------------------------------------------------------
 *
 * definition.c
 *	  A table's definition, as far as its servers need it.
 *
 * Servers get the columns with their types, collations and NOT NULL, generated
 * columns, all CHECK constraints, and the indexes.  They get those defaults
 * that depend on nothing but PostgreSQL itself: a sequence is here, and rows
 * that are inserted here come with all values.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "foreign/foreign.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "shard/operations.h"

/*
 * The columns and constraints of a table, as CREATE TABLE has them between its
 * parentheses.
 */
char *
mm_definition_columns(Oid relid)
{
	char	   *columns;
	char	   *checks;

	columns = mm_local_value("SELECT string_agg(format('%%I %%s%%s%%s%%s', a.attname, format_type(a.atttypid, a.atttypmod), "
							 "CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation::text ELSE '' END, "
							 "CASE WHEN a.attgenerated <> '' THEN ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || "
							 "CASE a.attgenerated WHEN 's' THEN ') STORED' ELSE ') VIRTUAL' END "
							 "WHEN a.attidentity = '' AND d.oid IS NOT NULL AND NOT EXISTS (SELECT FROM pg_depend p WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid "
							 "AND p.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass) AND (p.refclassid, p.refobjid) <> ('pg_class'::regclass, a.attrelid)) "
							 "THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END, "
							 "CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END), ', ' ORDER BY a.attnum) "
							 "FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum "
							 "WHERE a.attrelid = %u AND a.attnum > 0 AND NOT a.attisdropped", relid);
	checks = mm_local_value("SELECT string_agg(format(', CONSTRAINT %%I %%s', conname, pg_get_constraintdef(oid)), '' ORDER BY conname) "
							"FROM pg_constraint WHERE conrelid = %u AND contype = 'c'", relid);
	return psprintf("%s%s", columns, checks == NULL ? "" : checks);
}

/*
 * The names of the columns that are not generated, as a list.
 */
char *
mm_definition_names(Oid relid)
{
	char	   *names = mm_local_value("SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
									   "WHERE attrelid = %u AND attnum > 0 AND NOT attisdropped AND attgenerated = ''", relid);

	return names == NULL ? "" : names;
}

/*
 * The same columns, taken from a row that is called row, as values of their types.
 * (The servers check lengths and precisions.)
 */
char *
mm_definition_values(Oid relid, const char *row)
{
	char	   *values = mm_local_value("SELECT string_agg(format('%%s.%%I::%%s', %s, attname, format_type(atttypid, -1)), ', ' ORDER BY attnum) "
										"FROM pg_attribute WHERE attrelid = %u AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
										quote_literal_cstr(row), relid);

	return values == NULL ? "" : values;
}

/*
 * Warn of those who have rights on a table that they will not get at a server,
 * because nothing tells the current user who they are there.
 */
static void
warn_of_strangers(Oid relid, Oid serverid)
{
	char	   *names = mm_local_value("SELECT string_agg(DISTINCT quote_ident(pg_get_userbyid(x.grantee)), ', ') FROM "
									   "(SELECT a.grantee FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = %u AND a.grantee NOT IN (0, c.relowner) "
									   "UNION ALL SELECT a.grantee FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND NOT t.attisdropped, "
									   "aclexplode(t.attacl) a WHERE c.oid = %u AND a.grantee NOT IN (0, c.relowner)) x WHERE NOT EXISTS "
									   "(SELECT FROM pg_user_mappings m, pg_options_to_table(m.umoptions) o "
									   "WHERE m.srvid = %u AND m.umuser = x.grantee AND o.option_name = 'user')",
									   relid, relid, serverid);

	if (names != NULL)
		ereport(WARNING,
				(errmsg("rights on table \"%s\" were not given at server \"%s\" to: %s",
						get_rel_name(relid), GetForeignServer(serverid)->servername, names),
				 errdetail("Who they are there is in their user mappings, which are missing, or which the current user may not see."),
				 errhint("GRANT the rights at the server, for instance by mmdb.on_servers() with here => false.")));
}

/*
 * Commands that give the rights on a table to another one, target.  At a server
 * (serverid is not InvalidOid) they are given to the users that the grantees
 * are there, by their own user mappings.  NULL: there are none.
 */
char *
mm_definition_rights(Oid relid, const char *target, Oid serverid)
{
	char	   *grantee = OidIsValid(serverid) ?
		psprintf("CASE WHEN r.grantee = 0 THEN 'PUBLIC' ELSE "
				 "(SELECT quote_ident(o.option_value) FROM pg_user_mappings m, pg_options_to_table(m.umoptions) o "
				 "WHERE m.srvid = %u AND m.umuser = r.grantee AND o.option_name = 'user') END", serverid) :
		"CASE WHEN r.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.grantee)) END";

	if (OidIsValid(serverid))
		warn_of_strangers(relid, serverid);
	return mm_local_value("SELECT string_agg(format('GRANT %%s%%s ON TABLE %%s TO %%s%%s', privilege_type, columns, %s, grantee, "
						  "CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), '; ') "
						  "FROM (SELECT r.privilege_type, r.columns, r.is_grantable, %s AS grantee FROM "
						  "(SELECT x.grantee, x.privilege_type, x.is_grantable, '' AS columns FROM pg_class c, aclexplode(c.relacl) x "
						  "WHERE c.oid = %u AND x.grantee <> c.relowner UNION ALL "
						  "SELECT x.grantee, x.privilege_type, x.is_grantable, format('(%%I)', a.attname) FROM pg_class c "
						  "JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped, aclexplode(a.attacl) x "
						  "WHERE c.oid = %u AND x.grantee <> c.relowner) r) g WHERE grantee IS NOT NULL",
						  quote_literal_cstr(target), grantee, relid, relid);
}

/*
 * Commands that make the indexes of a table, the unique ones as plain ones, or
 * without them.  They are for any table of the same name.
 */
List *
mm_definition_indexes(Oid relid, bool unique_too)
{
	MMRows	   *rows = mm_local("SELECT regexp_replace(regexp_replace(pg_get_indexdef(indexrelid), '^CREATE UNIQUE INDEX', 'CREATE INDEX'), "
								"'^(CREATE INDEX (\"([^\"]|\"\")*\"|[^ ]+) ON )ONLY ', '\\1') "
								"FROM pg_index WHERE indrelid = %u AND (NOT indisunique OR %s) AND indisvalid ORDER BY indexrelid",
								relid, unique_too ? "true" : "false");
	List	   *result = NIL;

	for (int i = 0; i < rows->nrows; i++)
		result = lappend(result, MM_ROW_VALUE(rows, i, 0));
	return result;
}

/*
 * The command that makes the same index on another table, under a name that PostgreSQL
 * chooses.  definition is of mm_definition_indexes, for table; both tables have their
 * schemas and quotes.
 */
char *
mm_definition_index_for(const char *definition, const char *table, const char *target)
{
	const char *begin = "CREATE INDEX ";
	const char *on = psprintf(" ON %s USING ", table);
	const char *at = definition + strlen(begin);
	bool		quoted = false;

	/* The index's name may have anything in quotes, also what follows it. */
	if (strncmp(definition, begin, strlen(begin)) == 0)
		while (*at != '\0' && (quoted || *at != ' '))
			quoted ^= *at++ == '"';
	if (strncmp(at, on, strlen(on)) != 0)
		elog(ERROR, "unexpected definition of an index: %s", definition);
	return psprintf("CREATE INDEX ON %s USING %s", target, at + strlen(on));
}
