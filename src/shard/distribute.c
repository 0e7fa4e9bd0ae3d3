/*-------------------------------------------------------------------------
 *
 * distribute.c
 *	  mmdb.distribute and mmdb.undistribute: a table's rows go to servers, and
 *	  come back.
 *
 * Each is one transaction here and one at each server, which end together
 * (together.c).  Rows are copied and indexes are built while everybody goes on reading
 * and writing; then what has changed is copied (picture.c).  Only at the very end
 * everybody else is kept away, while the last changes are copied and the table is
 * replaced.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "region/remote_use.h"
#include "shard/operations.h"

PG_FUNCTION_INFO_V1(mm_shard_distribute);
PG_FUNCTION_INFO_V1(mm_shard_undistribute);

extern PGDLLEXPORT Datum mm_shard_distribute(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum mm_shard_undistribute(PG_FUNCTION_ARGS);

/* Regions a server, if the user does not say. */
#define REGIONS_PER_SERVER	4

/* ---------- what cannot be distributed ---------- */

/*
 * Raise an error for the rows of a query, which name what cannot be kept.
 */
static void
refuse(const char *table, const char *what, const char *hint, const MMRows *rows)
{
	StringInfoData names;

	if (rows->nrows == 0)
		return;
	initStringInfo(&names);
	for (int i = 0; i < rows->nrows; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", MM_ROW_VALUE(rows, i, 0));
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("table \"%s\" has %s, which a distributed table cannot have", table, what),
			 errdetail("There are: %s.", names.data),
			 errhint("%s", hint)));
}

/*
 * Raise an error if a table is none that can be distributed.
 */
static void
check_table(Oid relid, const char *name, bool keys_as_indexes)
{
	char	   *kind = mm_local_value("SELECT CASE WHEN relpersistence = 't' THEN 'temporary' "
									  "WHEN relkind = 'p' AND EXISTS (SELECT FROM pg_inherits JOIN pg_foreign_table ON ftrelid = inhrelid WHERE inhparent = %u) "
									  "AND pg_get_partkeydef(oid) LIKE '%%mm_region(%%' THEN 'distributed' "
									  "WHEN relkind <> 'r' THEN 'other' WHEN relispartition THEN 'partition' "
									  "WHEN EXISTS (SELECT FROM pg_inherits WHERE inhrelid = %u OR inhparent = %u) THEN 'inherits' "
									  "WHEN relpersistence = 'u' THEN 'unlogged' ELSE '' END FROM pg_class WHERE oid = %u",
									  relid, relid, relid, relid);

	if (strcmp(kind, "distributed") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is already distributed", name),
				 errhint("mmdb.move_region() and mmdb.rebalance() move its regions, mmdb.undistribute() brings it back.")));
	if (strcmp(kind, "temporary") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("temporary table \"%s\" cannot be distributed", name)));
	if (strcmp(kind, "") != 0 && strcmp(kind, "unlogged") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" cannot be distributed", name),
				 errdetail("Only plain tables can, without partitions, parents or children.")));
	refuse(name, "foreign keys", "Drop them first.",
		   mm_local("SELECT format('%%s of %%s', quote_ident(conname), conrelid::regclass) FROM pg_constraint "
					"WHERE contype = 'f' AND %u IN (conrelid, confrelid) ORDER BY 1", relid));
	refuse(name, "triggers or rules", "Drop them first.",
		   mm_local("SELECT quote_ident(tgname) FROM pg_trigger WHERE tgrelid = %u AND NOT tgisinternal "
					"UNION ALL SELECT quote_ident(rulename) FROM pg_rewrite WHERE ev_class = %u ORDER BY 1", relid, relid));
	refuse(name, "exclusion constraints", "Drop them first.",
		   mm_local("SELECT quote_ident(conname) FROM pg_constraint WHERE conrelid = %u AND contype = 'x' ORDER BY 1", relid));
	refuse(name, "policies of row-level security", "Drop them, and create them again for the distributed table.",
		   mm_local("SELECT quote_ident(polname) FROM pg_policy WHERE polrelid = %u ORDER BY 1", relid));
	if (!keys_as_indexes)
		refuse(name, "unique keys",
			   "With keys => 'index', they become plain indexes, and uniqueness is not enforced any more.",
			   mm_local("SELECT quote_ident(relname) FROM pg_index JOIN pg_class c ON c.oid = indexrelid "
						"WHERE indrelid = %u AND indisunique ORDER BY 1", relid));
	refuse(name, "views or other objects that depend on it",
		   "Drop them, and create them again for the distributed table.",
		   mm_local("SELECT DISTINCT pg_describe_object(classid, objid, 0) FROM (SELECT CASE WHEN d.classid = 'pg_rewrite'::regclass THEN 'pg_class'::regclass ELSE d.classid END AS classid, "
					"CASE WHEN d.classid = 'pg_rewrite'::regclass THEN (SELECT ev_class FROM pg_rewrite WHERE oid = d.objid) ELSE d.objid END AS objid "
					"FROM pg_depend d WHERE d.deptype = 'n' AND ((d.refclassid = 'pg_class'::regclass AND d.refobjid = %u) "
					"OR (d.refclassid = 'pg_type'::regclass AND d.refobjid IN (SELECT unnest(ARRAY[t.oid, t.typarray]) FROM pg_type t WHERE t.typrelid = %u)))) x "
					"WHERE NOT (classid = 'pg_constraint'::regclass AND EXISTS (SELECT FROM pg_constraint WHERE oid = objid AND conrelid = %u)) "
					"AND NOT (classid = 'pg_attrdef'::regclass AND EXISTS (SELECT FROM pg_attrdef WHERE oid = objid AND adrelid = %u)) ORDER BY 1",
					relid, relid, relid, relid));
}

/* ---------- arguments ---------- */

static List *
server_names(FunctionCallInfo fcinfo, int argument)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	List	   *names = NIL;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &elements, &nulls,
					  &n);
	for (int i = 0; i < n; i++)
	{
		char	   *name;
		ListCell   *lc;

		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a server is NULL")));
		name = pstrdup(NameStr(*DatumGetName(elements[i])));
		foreach(lc, names)
			if (strcmp(lfirst(lc), name) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("server \"%s\" is given twice", name)));
		names = lappend(names, name);
	}
	if (names == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("there must be at least one server")));
	return names;
}

/*
 * The index to divide a table by: the one that is named, or else the only one
 * of mmdb.
 */
static Oid
choose_index(Oid relid, const char *name, Oid wanted)
{
	MMRows	   *rows = mm_local("SELECT i.indexrelid, quote_ident(c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
								"JOIN pg_am a ON a.oid = c.relam WHERE i.indrelid = %u AND a.amname = 'mmdb' AND i.indisvalid ORDER BY 2",
								relid);
	StringInfoData names;

	for (int i = 0; i < rows->nrows; i++)
		if (atooid(MM_ROW_VALUE(rows, i, 0)) == wanted)
			return wanted;
	if (OidIsValid(wanted))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is no valid mmdb index of table \"%s\"",
						get_rel_name(wanted) == NULL ? "" : get_rel_name(wanted), name)));
	if (rows->nrows == 1)
		return atooid(MM_ROW_VALUE(rows, 0, 0));
	if (rows->nrows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no mmdb index", name),
				 errhint("Regions are made by the columns of an index: CREATE INDEX ON %s USING mmdb (...).",
						 quote_identifier(name))));
	initStringInfo(&names);
	for (int i = 0; i < rows->nrows; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", MM_ROW_VALUE(rows, i, 1));
	ereport(ERROR,
			(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
			 errmsg("table \"%s\" has several mmdb indexes", name),
			 errdetail("They are: %s.", names.data),
			 errhint("Name one as using_index.")));
}

/* ---------- distribute ---------- */

/*
 * Pin the scales in force of an index, so that all its copies have the same.
 */
static void
pin_scales(Oid index)
{
	char	   *schema = mm_local_value("SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'mmdb'");

	(void) mm_local("SELECT %s.mm_pin_scales(%u, ARRAY(SELECT scale FROM mmdb.index_column_statistics(%u) "
					"WHERE column_number IS NOT NULL ORDER BY column_number)::float8[])", schema, index, index);
}

/*
 * Pin those of the table's other indexes, too, as far as they have any.
 */
static void
pin_other_scales(Oid relid, Oid index)
{
	MMRows	   *rows = mm_local("SELECT i.indexrelid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam "
								"WHERE i.indrelid = %u AND i.indexrelid <> %u AND i.indisvalid AND CASE WHEN a.amname = 'mmdb' THEN NOT EXISTS ("
								"SELECT FROM mmdb.index_column_statistics(i.indexrelid) s WHERE s.column_number IS NOT NULL AND s.scale IS NULL) END",
								relid, index);

	for (int i = 0; i < rows->nrows; i++)
		pin_scales(atooid(MM_ROW_VALUE(rows, i, 0)));
}

static MMConnection **
all_connections(const MMDistributed *table)
{
	MMConnection **conns = palloc(sizeof(MMConnection *) * table->nparts);

	for (int i = 0; i < table->nparts; i++)
		conns[i] = table->parts[i].conn;
	return conns;
}

/*
 * Commands that make a table and its partitions at a server.
 */
static char *
remote_table_sql(const MMDistributed *table, const MMPart *part)
{
	StringInfoData sql;
	char	   *rights = mm_definition_rights(table->relid, table->qualified, part->serverid);

	initStringInfo(&sql);
	if (MM_ROW_VALUE(mm_exec(part->conn, psprintf("SELECT to_regnamespace(%s)",
												  quote_literal_cstr(quote_identifier(table->schema)))), 0, 0) == NULL)
		appendStringInfo(&sql, "CREATE SCHEMA %s; ", quote_identifier(table->schema));
	appendStringInfo(&sql, "CREATE TABLE %s (%s) PARTITION BY LIST (%s)", table->qualified,
					 mm_definition_columns(table->relid), table->key);
	for (int i = 0; i < part->nregions; i++)
		appendStringInfo(&sql, "; CREATE TABLE %s PARTITION OF %s FOR VALUES IN (%d)",
						 mm_qualified(table->schema, mm_name_of_region(table->name, part->regions[i])),
						 table->qualified, part->regions[i]);
	if (rights != NULL)
		appendStringInfo(&sql, "; %s", rights);
	return sql.data;
}

/*
 * Make the table at the server of a part, with the partitions that the part has,
 * and its indexes.
 */
void
mm_create_remote_table(const MMDistributed *table, const MMPart *part)
{
	ListCell   *lc;

	mm_exec(part->conn, remote_table_sql(table, part));
	foreach(lc, mm_definition_indexes(table->relid, true))
		mm_exec(part->conn, lfirst(lc));
}

/*
 * Make the tables at all servers at once, without indexes.
 */
static void
create_remote_tables(const MMDistributed *table)
{
	const char **sql = palloc(sizeof(char *) * table->nparts);

	for (int i = 0; i < table->nparts; i++)
		sql[i] = remote_table_sql(table, &table->parts[i]);
	mm_exec_together(table->nparts, all_connections(table), sql, false);
}

/*
 * Run the same commands at all servers at once.
 */
static void
run_everywhere(const MMDistributed *table, const List *commands)
{
	const char **sql = palloc(sizeof(char *) * table->nparts);
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, commands)
		appendStringInfo(&buf, "%s%s", buf.len > 0 ? "; " : "", (char *) lfirst(lc));
	if (buf.len == 0)
		return;
	for (int i = 0; i < table->nparts; i++)
		sql[i] = buf.data;
	mm_exec_together(table->nparts, all_connections(table), sql, false);
}

/*
 * Make the foreign table of a part.
 */
void
mm_create_foreign_table(const MMDistributed *table, MMPart *part)
{
	Oid			namespace = get_namespace_oid(table->schema, false);
	char	   *name = makeObjectName(table->name, part->server, NULL);
	StringInfoData regions;

	if (OidIsValid(get_relname_relid(name, namespace)))
		name = ChooseRelationName(table->name, part->server, "part", namespace, false);
	initStringInfo(&regions);
	for (int i = 0; i < part->nregions; i++)
		appendStringInfo(&regions, "%s%d", i > 0 ? ", " : "", part->regions[i]);
	part->foreign_name = mm_qualified(table->schema, name);
	(void) mm_local("CREATE FOREIGN TABLE %s PARTITION OF %s FOR VALUES IN (%s) SERVER %s "
					"OPTIONS (schema_name %s, table_name %s, batch_size '1000')",
					part->foreign_name, table->qualified, regions.data, quote_identifier(part->server),
					quote_literal_cstr(table->schema), quote_literal_cstr(table->name));
}

/*
 * Commands for what belongs to a table and is no part of LIKE: sequences,
 * rights, owner, comment.  They are for a table of the same name.
 */
static List *
belongings(Oid relid, const char *qualified, List **before)
{
	List	   *after = NIL;
	MMRows	   *rows;
	char	   *text;

	rows = mm_local("SELECT s.oid::regclass, quote_ident(a.attname) FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' "
					"JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid "
					"WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %u AND d.deptype = 'a'", relid);
	for (int i = 0; i < rows->nrows; i++)
	{
		*before = lappend(*before, psprintf("ALTER SEQUENCE %s OWNED BY NONE", MM_ROW_VALUE(rows, i, 0)));
		after = lappend(after, psprintf("ALTER SEQUENCE %s OWNED BY %s.%s", MM_ROW_VALUE(rows, i, 0), qualified,
										MM_ROW_VALUE(rows, i, 1)));
	}
	/* An identity gets a new sequence, which goes on where the old one is. */
	rows = mm_local("SELECT quote_literal(quote_ident(a.attname)), pg_sequence_last_value(d.objid), quote_ident(a.attname) FROM pg_depend d "
					"JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attidentity <> '' "
					"WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %u AND d.deptype = 'i'", relid);
	for (int i = 0; i < rows->nrows; i++)
		if (MM_ROW_VALUE(rows, i, 1) != NULL)
			after = lappend(after, psprintf("SELECT setval(pg_get_serial_sequence(%s, (parse_ident(%s))[1]), %s)",
											quote_literal_cstr(qualified), MM_ROW_VALUE(rows, i, 0),
											MM_ROW_VALUE(rows, i, 1)));
	text = mm_definition_rights(relid, qualified, InvalidOid);
	if (text != NULL)
		after = lappend(after, text);
	text = mm_local_value("SELECT quote_literal(obj_description(%u, 'pg_class'))", relid);
	if (text != NULL)
		after = lappend(after, psprintf("COMMENT ON TABLE %s IS %s", qualified, text));
	text = mm_local_value("SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class WHERE oid = %u AND relowner <> %u", relid,
						  GetUserId());
	if (text != NULL)
		after = lappend(after, psprintf("ALTER TABLE %s OWNER TO %s", qualified, text));
	return after;
}

static void
run_here(const List *commands)
{
	ListCell   *lc;

	foreach(lc, commands)
		(void) mm_local("%s", (char *) lfirst(lc));
}

/*
 * Put the partitioned table in the place of the table, which is locked.
 */
static void
replace_table(MMDistributed *table, const List *indexes)
{
	char	   *new = mm_qualified(table->schema, ChooseRelationName(table->name, NULL, "distributed",
																	 get_namespace_oid(table->schema, false), false));
	List	   *before = NIL;
	List	   *after = belongings(table->relid, table->qualified, &before);

	(void) mm_local("CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES) PARTITION BY LIST (%s)", new,
					table->qualified, table->key);
	run_here(before);
	(void) mm_local("DROP TABLE %s", table->qualified);
	(void) mm_local("ALTER TABLE %s RENAME TO %s", new, quote_identifier(table->name));
	for (int i = 0; i < table->nparts; i++)
		mm_create_foreign_table(table, &table->parts[i]);
	run_here(indexes);
	run_here(after);
	table->relid = get_relname_relid(table->name, get_namespace_oid(table->schema, false));
}

/*
 * Share the regions of a tree out to the parts, neighbours together.
 */
static void
share_out(MMDistributed *table)
{
	MMRows	   *rows = mm_local("WITH RECURSIVE node(n, path) AS (SELECT %s::jsonb->'tree', ARRAY[]::int[] UNION ALL "
								"SELECT c.child, path || c.side FROM node, LATERAL (VALUES (n->'left', 0), (n->'right', 1)) c(child, side) "
								"WHERE jsonb_typeof(n) = 'object') "
								"SELECT n FROM node WHERE jsonb_typeof(n) = 'number' ORDER BY path", quote_literal_cstr(table->tree));
	int			next = 0;

	if (rows->nrows < table->nparts)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are fewer regions (%d) than servers (%d)", rows->nrows, table->nparts),
				 errdetail("Each server holds at least one region, and a tree makes no more of them than it can tell rows apart."),
				 errhint("Give fewer servers, or more regions; or divide the rows by method => 'hash', which needs no rows.")));
	for (int i = 0; i < table->nparts; i++)
	{
		int			end = (int) ((int64) rows->nrows * (i + 1) / table->nparts);
		MMPart	   *part = &table->parts[i];

		part->regions = palloc(sizeof(int) * (end - next));
		while (next < end)
			part->regions[part->nregions++] = pg_strtoint32(MM_ROW_VALUE(rows, next++, 0));
	}
}

/* A table whose rows are sent to servers, or fetched from there. */
typedef struct Transport
{
	const MMDistributed *table;
	char	   *columns;
	int			npictures;
	MMPicture **pictures;		/* of the table here, or of those at the servers */
	int			nremovals;
	MMRemoval **removals;		/* likewise, from the copies */
	Oid			target;			/* here, if rows are fetched */
	int64		rows;			/* that were copied */
} Transport;

static int64
find_changes(void *arg, int64 most)
{
	const Transport *t = arg;
	int64		n = 0;

	for (int i = 0; i < t->npictures && n <= most; i++)
		n += mm_picture_compare(t->pictures[i], most);
	return n;
}

static void
renew(void *arg)
{
	const Transport *t = arg;

	for (int i = 0; i < t->npictures; i++)
		mm_picture_renew(t->pictures[i]);
	for (int i = 0; i < t->nremovals; i++)
		mm_removal_prepare(t->removals[i]);
}

static void
drop_helpers(const Transport *t)
{
	for (int i = 0; i < t->npictures; i++)
		mm_picture_drop(t->pictures[i]);
	for (int i = 0; i < t->nremovals; i++)
		mm_removal_drop(t->removals[i]);
}

/*
 * Send what was found to have changed here.
 */
static void
send_changes(void *arg)
{
	Transport  *t = arg;
	const MMDistributed *table = t->table;
	const MMPicture *picture = t->pictures[0];

	if (picture->ngone > 0)
	{
		/* To the tables of rows to be removed, which have the same name everywhere. */
		MMDistributed gone = *table;

		gone.qualified = t->removals[0]->rows;
		mm_stream_query(&gone, psprintf("SELECT %s, %s FROM %s", table->key, t->columns, picture->gone), t->columns);
		for (int i = 0; i < t->nremovals; i++)
			t->rows -= mm_removal_run(t->removals[i]);
	}
	if (picture->nadded > 0)
		t->rows += mm_stream_query(table, psprintf("SELECT %s, %s FROM %s", table->key, t->columns, picture->added),
								   t->columns);
}

/*
 * Send all rows to the servers and build the indexes there, while others go on writing;
 * then keep them away and send what is missing.  Returns the number of rows.
 */
static int64
send_table(const MMDistributed *table, const List *indexes)
{
	Transport	t = {
		.table = table,
		.columns = mm_definition_names(table->relid),
		.npictures = 1,
		.pictures = palloc(sizeof(MMPicture *)),
		.nremovals = table->nparts,
		.removals = palloc(sizeof(MMRemoval *) * table->nparts),
	};
	MMFollow	follow = {.compare = find_changes, .copy = send_changes, .renew = renew, .arg = &t};

	t.pictures[0] = mm_picture_take(NULL, table->qualified, table->schema, table->name, NULL);
	t.rows = mm_stream_query(table, psprintf("SELECT %s, %s FROM %s", table->key, t.columns, t.pictures[0]->seen),
							 t.columns);
	run_everywhere(table, indexes);
	run_everywhere(table, list_make1(psprintf("ANALYZE %s", table->qualified)));
	for (int i = 0; i < table->nparts; i++)
		t.removals[i] = mm_removal_begin(table->parts[i].conn, table->qualified, t.columns, table->schema, table->name,
										 NULL);
	mm_follow_changes(&follow);
	mm_lock_all(&(MMLocks) {.table = table->qualified, .mode = "ACCESS EXCLUSIVE", .follow = &follow});
	drop_helpers(&t);
	return t.rows;
}

/*
 * distribute(table, servers, regions, method, using_index, keys)
 */
Datum
mm_shard_distribute(PG_FUNCTION_ARGS)
{
	MMDistributed table = {0};
	List	   *names;
	ListCell   *lc;
	int			nregions;
	char	   *method;
	char	   *keys;
	Oid			index;
	List	   *indexes;
	int64		rows;

	mm_require_operator(fcinfo, 2, "mmdb.distribute()");
	table.relid = PG_GETARG_OID(0);
	table.name = get_rel_name(table.relid);
	table.schema = get_namespace_name(get_rel_namespace(table.relid));
	table.qualified = mm_qualified(table.schema, table.name);
	names = server_names(fcinfo, 1);
	nregions = PG_ARGISNULL(2) ? REGIONS_PER_SERVER * list_length(names) : PG_GETARG_INT32(2);
	method = PG_ARGISNULL(3) ? "tree" : text_to_cstring(PG_GETARG_TEXT_PP(3));
	keys = PG_ARGISNULL(5) ? "refuse" : text_to_cstring(PG_GETARG_TEXT_PP(5));
	if (strcmp(keys, "refuse") != 0 && strcmp(keys, "index") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("keys must be 'refuse' or 'index', not '%s'", keys)));

	table.parts = palloc0(sizeof(MMPart) * (list_length(names) + 1));
	foreach(lc, names)
	{
		MMPart	   *part = &table.parts[table.nparts++];

		part->server = lfirst(lc);
		part->serverid = mm_server_by_name(part->server);
		part->remote_name = table.qualified;
	}
	mm_lock_operation(table.relid);
	check_table(table.relid, table.name, strcmp(keys, "index") == 0);
	index = choose_index(table.relid, table.name, PG_ARGISNULL(4) ? InvalidOid : PG_GETARG_OID(4));
	mm_distributed_connect(&table);
	for (int i = 0; i < table.nparts; i++)
		mm_check_server(table.parts[i].conn);
	mm_check_apart(table.nparts, all_connections(&table));
	for (int i = 0; i < table.nparts; i++)
		if (!mm_lists_mmdb(table.parts[i].serverid))
			ereport(WARNING,
					(errmsg("server \"%s\" does not list mmdb in its option \"extensions\"", table.parts[i].server),
					 errdetail("Searches by distance are not sent to the servers until all of them do."),
					 errhint("ALTER SERVER %s OPTIONS (ADD extensions 'mmdb'), or add mmdb to the list that it has.",
							 quote_identifier(table.parts[i].server))));

	table.tree = mm_local_value("SELECT mmdb.train_regions(%u, %d, %s)", index, nregions, quote_literal_cstr(method));
	table.key = mm_key_of_tree(table.tree);
	share_out(&table);
	pin_scales(index);
	pin_other_scales(table.relid, index);
	indexes = mm_definition_indexes(table.relid, true);
	create_remote_tables(&table);
	rows = send_table(&table, indexes);
	replace_table(&table, indexes);
	mm_finish_together(table.nparts, all_connections(&table));
	PG_RETURN_INT64(rows);
}

/* ---------- undistribute ---------- */

static Oid
oid_of(const char *table)
{
	return atooid(mm_local_value("SELECT %s::regclass::oid", quote_literal_cstr(table)));
}

/*
 * Fetch what was found to have changed at the servers.
 */
static void
fetch_changes(void *arg)
{
	Transport  *t = arg;
	int64		gone = 0;

	for (int i = 0; i < t->npictures; i++)
	{
		const MMPicture *picture = t->pictures[i];

		if (picture->ngone > 0)
			gone += mm_stream_fetch(picture->conn, picture->gone, t->columns, oid_of(t->removals[0]->rows));
	}
	if (gone > 0)
		t->rows -= mm_removal_run(t->removals[0]);
	for (int i = 0; i < t->npictures; i++)
		if (t->pictures[i]->nadded > 0)
			t->rows += mm_stream_fetch(t->pictures[i]->conn, t->pictures[i]->added, t->columns, t->target);
}

/*
 * Fetch all rows into a table here and build its indexes, while others go on writing;
 * then keep them away and fetch what is missing.  Returns the number of rows.
 */
static int64
fetch_table(const MMDistributed *table, const char *new, const List *indexes)
{
	const char **there = palloc(sizeof(char *) * table->nparts);
	Transport	t = {
		.table = table,
		.columns = mm_definition_names(table->relid),
		.npictures = table->nparts,
		.pictures = palloc(sizeof(MMPicture *) * table->nparts),
		.nremovals = 1,
		.removals = palloc(sizeof(MMRemoval *)),
		.target = oid_of(new),
	};
	MMFollow	follow = {.compare = find_changes, .copy = fetch_changes, .renew = renew, .arg = &t};
	ListCell   *lc;

	for (int i = 0; i < table->nparts; i++)
	{
		const MMPart *part = &table->parts[i];

		mm_exec(part->conn, psprintf("LOCK TABLE %s IN ACCESS SHARE MODE", part->remote_name));
		t.pictures[i] = mm_picture_take(part->conn, part->remote_name, table->schema, table->name, NULL);
		t.rows += mm_stream_fetch(part->conn, t.pictures[i]->seen, t.columns, t.target);
		there[i] = part->remote_name;
	}
	foreach(lc, indexes)
		(void) mm_local("%s", mm_definition_index_for(lfirst(lc), table->qualified, new));
	(void) mm_local("ANALYZE %s", new);
	t.removals[0] = mm_removal_begin(NULL, new, t.columns, table->schema, table->name, NULL);
	mm_follow_changes(&follow);
	mm_lock_all(&(MMLocks) {
		.table = table->qualified, .mode = "ACCESS EXCLUSIVE",
		.nservers = table->nparts, .conns = all_connections(table), .there = there, .follow = &follow
	});
	drop_helpers(&t);
	return t.rows;
}

/*
 * The names of a table's valid indexes, with or without the schema, in the order of their
 * making.
 */
static MMRows *
index_names(Oid relid)
{
	return mm_local("SELECT quote_ident(c.relname), c.oid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
					"WHERE i.indrelid = %u AND i.indisvalid ORDER BY i.indexrelid", relid);
}

/*
 * undistribute(table)
 */
Datum
mm_shard_undistribute(PG_FUNCTION_ARGS)
{
	MMDistributed *table;
	Oid			relid = PG_GETARG_OID(0);
	char	   *name;
	char	   *new;
	List	   *before = NIL;
	List	   *after;
	MMRows	   *old_indexes;
	MMRows	   *new_indexes;
	int64		rows;

	mm_require_operator(fcinfo, 1, "mmdb.undistribute()");
	mm_use_check_lock(relid);
	mm_lock_operation(relid);
	table = mm_distributed_read(relid);
	refuse(table->name, "views or other objects that depend on it", "Drop them, and create them again afterwards.",
		   mm_local("SELECT DISTINCT r.ev_class::regclass FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid "
					"WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %u AND d.deptype = 'n' ORDER BY 1",
					table->relid));
	mm_distributed_connect(table);
	name = ChooseRelationName(table->name, NULL, "whole", get_namespace_oid(table->schema, false), false);
	new = mm_qualified(table->schema, name);
	(void) mm_local("CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES)", new, table->qualified);
	old_indexes = index_names(table->relid);
	rows = fetch_table(table, new, mm_definition_indexes(table->relid, true));
	new_indexes = index_names(oid_of(new));
	/* Now, as sequences go on until nobody writes. */
	after = belongings(table->relid, table->qualified, &before);
	run_here(before);
	(void) mm_local("DROP TABLE %s", table->qualified);
	(void) mm_local("ALTER TABLE %s RENAME TO %s", new, quote_identifier(table->name));
	for (int i = 0; i < new_indexes->nrows; i++)
		(void) mm_local("ALTER INDEX %s RENAME TO %s", MM_ROW_VALUE(new_indexes, i, 1),
						MM_ROW_VALUE(old_indexes, i, 0));
	run_here(after);
	for (int i = 0; i < table->nparts; i++)
		mm_exec(table->parts[i].conn, psprintf("DROP TABLE %s", table->parts[i].remote_name));
	mm_finish_together(table->nparts, all_connections(table));
	PG_RETURN_INT64(rows);
}
