/*-------------------------------------------------------------------------
 *
 * move.c
 *	  mmdb.move_region and mmdb.split_region, with writes blocked only briefly.
 *
 * Both copy the rows of a region into new tables, which then take its place:
 *
 *	1. At the server that has the region, a picture of its rows is taken (picture.c).
 *	   From there they are copied, and indexes are built.  Then what has changed
 *	   meanwhile is copied, more than once if that is much.  Everybody goes on reading
 *	   and writing.
 *	2. Everybody else is kept from the table, here and at the servers.  What is still
 *	   missing is copied, the partitions are exchanged, and all servers and this one
 *	   commit together.
 *
 * Reads and writes are blocked together.  If writes were blocked first, a transaction that
 * has read the table, and now waits to write to it, could not end, and would never let the
 * reads be blocked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "region/remote_use.h"
#include "shard/operations.h"

PG_FUNCTION_INFO_V1(mm_shard_move_region);
PG_FUNCTION_INFO_V1(mm_shard_split_region);

extern PGDLLEXPORT Datum mm_shard_move_region(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum mm_shard_split_region(PG_FUNCTION_ARGS);

/* A new table that gets the rows of a region, or a part of them. */
typedef struct Copy
{
	MMPart	   *to;
	int			region;			/* its own number */
	const char *key;			/* mm_region(...) of the tree that it is of */
	char	   *table;			/* with schema and quotes */
	char	   *filter;			/* which of the region's rows */
	MMRemoval  *removal;
} Copy;

/* A region that is copied. */
typedef struct Source
{
	MMDistributed *table;
	MMPart	   *from;
	char	   *columns;		/* those that are copied */
	char	   *partition;		/* its table, with schema and quotes */
	char	   *suffix;			/* of names of tables: the region's number */
	MMPicture  *picture;
	int			ncopies;
	Copy	   *copies;
} Source;

/*
 * Send a row that was read from another server, and free it.
 */
static void
pass_on(MMConnection *to, char *data, int length)
{
	PG_TRY();
	{
		mm_copy_put(to, data, length);
	}
	PG_CATCH();
	{
		PQfreemem(data);
		PG_RE_THROW();
	}
	PG_END_TRY();
	PQfreemem(data);
}

/*
 * Copy rows that a query at one server returns into a table at another, or at
 * the same one.
 */
static void
transfer(MMConnection *from, const char *query, MMConnection *to, const char *target, const char *columns)
{
	char	   *data;
	int			length;

	if (from == to)
	{
		mm_exec(from, psprintf("INSERT INTO %s (%s) %s", target, columns, query));
		return;
	}
	mm_copy_begin(from, psprintf("COPY (%s) TO STDOUT", query));
	mm_copy_begin(to, psprintf("COPY %s (%s) FROM STDIN", target, columns));
	while ((length = mm_copy_get(from, &data)) >= 0)
	{
		pass_on(to, data, length);
		CHECK_FOR_INTERRUPTS();
	}
	mm_copy_last(to);
	mm_copy_end(to);
}

/*
 * Make the indexes of a table on a new partition of it, so that attaching it
 * finds them there.
 */
static void
create_indexes(const Source *source, const Copy *copy)
{
	ListCell   *lc;

	foreach(lc, mm_definition_indexes(source->table->relid, true))
		mm_exec(copy->to->conn, mm_definition_index_for(lfirst(lc), source->table->qualified, copy->table));
}

static int64
find_changes(void *arg, int64 most)
{
	return mm_picture_compare(((const Source *) arg)->picture, most);
}

/*
 * Copy what was found to have changed since the picture was taken, or renewed.
 */
static void
copy_changes(void *arg)
{
	const Source *source = arg;
	const MMPicture *picture = source->picture;

	for (int i = 0; i < source->ncopies; i++)
	{
		const Copy *copy = &source->copies[i];

		if (picture->ngone > 0)
		{
			transfer(source->from->conn, psprintf("SELECT %s FROM %s WHERE %s", source->columns, picture->gone,
												  copy->filter), copy->to->conn, copy->removal->rows, source->columns);
			(void) mm_removal_run(copy->removal);
		}
		if (picture->nadded > 0)
			transfer(source->from->conn, psprintf("SELECT %s FROM %s WHERE %s", source->columns, picture->added,
												  copy->filter), copy->to->conn, copy->table, source->columns);
	}
}

/*
 * Bring the picture and the hashes up to date with what was copied.
 */
static void
renew(void *arg)
{
	const Source *source = arg;

	mm_picture_renew(source->picture);
	for (int i = 0; i < source->ncopies; i++)
		mm_removal_prepare(source->copies[i].removal);
}

/*
 * Step 1: copy what is there, while others go on writing.
 */
static void
copy_rows(Source *source)
{
	MMConnection *conn = source->from->conn;
	const MMDistributed *table = source->table;
	char	   *identity;

	mm_exec(conn, psprintf("LOCK TABLE ONLY %s IN ACCESS SHARE MODE", source->partition));
	source->picture = mm_picture_take(conn, source->partition, table->schema, table->name, source->suffix);
	/* Whom a publication lets delete rows may go on to do so. */
	identity = MM_ROW_VALUE(mm_exec(conn, psprintf("SELECT CASE relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE 'DEFAULT' END "
												   "FROM pg_class WHERE oid = %s::regclass", quote_literal_cstr(source->partition))), 0, 0);
	for (int i = 0; i < source->ncopies; i++)
	{
		Copy	   *copy = &source->copies[i];

		mm_exec(copy->to->conn, psprintf("CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE, "
										 "CONSTRAINT mmdb_region CHECK (%s IS NOT NULL AND %s = %d))",
										 copy->table, copy->to->remote_name, copy->key, copy->key, copy->region));
		transfer(conn, psprintf("SELECT %s FROM %s WHERE %s", source->columns, source->picture->seen, copy->filter),
				 copy->to->conn, copy->table, source->columns);
		create_indexes(source, copy);
		mm_exec(copy->to->conn, psprintf("ALTER TABLE %s REPLICA IDENTITY %s; ANALYZE %s", copy->table, identity,
										 copy->table));
		copy->removal = mm_removal_begin(copy->to->conn, copy->table, source->columns, table->schema, table->name,
										 psprintf("r%d", copy->region));
	}
}

/*
 * Copy what has changed meanwhile; then step 2: keep everybody else away, and copy what is
 * missing.  parts are those of the servers, whose number is n, at which the table is locked;
 * at the source its partition, too.
 */
static void
take_over(Source *source, int n, MMPart *const *parts)
{
	MMConnection **conns = palloc(sizeof(MMConnection *) * n);
	const char **there = palloc(sizeof(char *) * n);
	MMFollow	follow = {.compare = find_changes, .copy = copy_changes, .renew = renew, .arg = source};

	for (int i = 0; i < n; i++)
	{
		conns[i] = parts[i]->conn;
		there[i] = parts[i] == source->from ?
			psprintf("ONLY %s, ONLY %s", parts[i]->remote_name, source->partition) :
			psprintf("ONLY %s", parts[i]->remote_name);
	}
	mm_follow_changes(&follow);
	mm_lock_all(&(MMLocks) {
		.table = source->table->qualified, .mode = "ACCESS EXCLUSIVE",
		.nservers = n, .conns = conns, .there = there, .follow = &follow
	});
	mm_use_locked(source->table->relid);
	mm_picture_drop(source->picture);
	for (int i = 0; i < source->ncopies; i++)
		mm_removal_drop(source->copies[i].removal);
}

/*
 * The regions of a part, without one (-1: none) and with others, as a list.
 */
static char *
regions_list(const MMPart *part, int without, int nmore, const Copy *more)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < part->nregions; i++)
		if (part->regions[i] != without)
			appendStringInfo(&list, "%s%d", list.len > 0 ? ", " : "", part->regions[i]);
	for (int i = 0; i < nmore; i++)
		appendStringInfo(&list, "%s%d", list.len > 0 ? ", " : "", more[i].region);
	return list.data;
}

/*
 * Commands that attach the new partitions at a server.
 */
static void
append_attachments(StringInfo sql, const Source *source)
{
	for (int i = 0; i < source->ncopies; i++)
	{
		const Copy *copy = &source->copies[i];

		/* The constraint spares the attachment a look at all rows. */
		appendStringInfo(sql, "ALTER TABLE %s ATTACH PARTITION %s FOR VALUES IN (%d); "
						 "ALTER TABLE %s DROP CONSTRAINT mmdb_region; ",
						 copy->to->remote_name, copy->table, copy->region, copy->table);
	}
}

/*
 * The end of a split, at the servers: put new partitions in the place of the old one,
 * and the new tree in the place of the old one.
 */
static void
exchange_partitions(const Source *source, const char *new_tree, MMConnection *const *conns)
{
	MMDistributed *table = source->table;
	const char **sql = palloc(sizeof(char *) * table->nparts);

	for (int i = 0; i < table->nparts; i++)
	{
		bool		is_source = &table->parts[i] == source->from;
		StringInfoData buf;

		initStringInfo(&buf);
		if (is_source)
			appendStringInfo(&buf, "DROP TABLE %s; ", source->partition);
		appendStringInfo(&buf, "SELECT mmdb.set_region_tree(%s, %s); ",
						 quote_literal_cstr(table->parts[i].remote_name), quote_literal_cstr(new_tree));
		if (is_source)
			append_attachments(&buf, source);
		sql[i] = buf.data;
	}
	mm_exec_together(table->nparts, conns, sql, false);
}

/*
 * What both operations begin with: the table, locked against other operations,
 * and the region's server.
 */
static void
open_source(Source *source, Oid relid, int region)
{
	MMDistributed *table;

	mm_use_check_lock(relid);
	mm_lock_operation(relid);
	table = mm_distributed_read(relid);
	source->table = table;
	source->from = &table->parts[mm_distributed_region(table, region)];
	source->columns = mm_definition_names(relid);
	mm_part_connect(source->from);
	/* The partition's name is that server's affair. */
	source->partition = MM_ROW_VALUE(mm_exec(source->from->conn,
											 psprintf("SELECT max(c.oid::regclass::text) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
													  "WHERE i.inhparent = %s::regclass AND pg_get_expr(c.relpartbound, c.oid) = 'FOR VALUES IN (%d)'",
													  quote_literal_cstr(source->from->remote_name), region)), 0, 0);
	if (source->partition == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("server \"%s\" has no partition for region %d of table \"%s\"", source->from->server,
						region, table->name),
				 errhint("mmdb.check_servers() tells what is wrong with the servers.")));
	source->suffix = psprintf("r%d", region);
}

/*
 * The part of a server, which becomes a new one if the table has none there.
 */
static MMPart *
part_of_server(MMDistributed *table, const char *server)
{
	MMPart	   *part;
	MMConnection **conns;

	for (int i = 0; i < table->nparts; i++)
		if (strcmp(table->parts[i].server, server) == 0)
			return &table->parts[i];
	part = &table->parts[table->nparts];
	part->server = server;
	part->serverid = mm_server_by_name(server);
	part->remote_name = table->qualified;
	mm_part_connect(part);
	mm_check_server(part->conn);
	mm_distributed_connect(table);
	conns = palloc(sizeof(MMConnection *) * (table->nparts + 1));
	for (int i = 0; i <= table->nparts; i++)
		conns[i] = table->parts[i].conn;
	mm_check_apart(table->nparts + 1, conns);
	mm_create_remote_table(table, part);
	return part;
}

/*
 * move_region(table, region, server)
 */
Datum
mm_shard_move_region(PG_FUNCTION_ARGS)
{
	Source		source = {0};
	Copy		copy = {0};
	MMDistributed *table;
	char	   *left;
	MMConnection *conns[2];
	MMPart	   *parts[2];
	StringInfoData attach;

	mm_require_operator(fcinfo, 3, "mmdb.move_region()");
	copy.region = PG_GETARG_INT32(1);
	open_source(&source, PG_GETARG_OID(0), copy.region);
	table = source.table;
	copy.to = part_of_server(table, pstrdup(NameStr(*PG_GETARG_NAME(2))));
	if (copy.to == source.from)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("region %d of table \"%s\" is at server \"%s\" already", copy.region, table->name,
						copy.to->server)));
	mm_part_connect(copy.to);
	copy.key = table->key;
	copy.filter = "true";
	copy.table = mm_qualified(table->schema, mm_name_of_region(table->name, copy.region));
	source.ncopies = 1;
	source.copies = &copy;

	copy_rows(&source);
	conns[0] = source.from->conn;
	conns[1] = copy.to->conn;
	mm_finish_together(2, conns);
	left = regions_list(source.from, copy.region, 0, NULL);
	parts[0] = source.from;
	parts[1] = copy.to;
	take_over(&source, 2, parts);
	/* Not before, as triggers at the server are not for rows that are there already. */
	initStringInfo(&attach);
	append_attachments(&attach, &source);
	mm_exec(copy.to->conn, attach.data);
	mm_exec(source.from->conn, psprintf("DROP TABLE %s", left[0] != '\0' ? source.partition : source.from->remote_name));
	(void) mm_local("ALTER TABLE %s DETACH PARTITION %s", table->qualified, source.from->foreign_name);
	if (left[0] != '\0')
		(void) mm_local("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES IN (%s)", table->qualified,
						source.from->foreign_name, left);
	else
		(void) mm_local("DROP FOREIGN TABLE %s", source.from->foreign_name);
	if (OidIsValid(copy.to->foreign_table))
	{
		(void) mm_local("ALTER TABLE %s DETACH PARTITION %s", table->qualified, copy.to->foreign_name);
		(void) mm_local("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES IN (%s)", table->qualified,
						copy.to->foreign_name, regions_list(copy.to, -1, 1, &copy));
	}
	else
	{
		copy.to->nregions = 1;
		copy.to->regions = &copy.region;
		mm_create_foreign_table(table, copy.to);
	}
	PG_RETURN_VOID();
}

/*
 * The numbers of the regions in a tree, in ascending order.
 */
static int *
regions_of_tree(const char *tree, int *n)
{
	MMRows	   *rows = mm_local("WITH RECURSIVE node(n) AS (SELECT %s::jsonb->'tree' UNION ALL SELECT c FROM node, "
								"LATERAL (VALUES (n->'left'), (n->'right')) v(c) WHERE jsonb_typeof(n) = 'object') "
								"SELECT n FROM node WHERE jsonb_typeof(n) = 'number' ORDER BY n::int", quote_literal_cstr(tree));
	int		   *regions = palloc(sizeof(int) * Max(rows->nrows, 1));

	*n = rows->nrows;
	for (int i = 0; i < rows->nrows; i++)
		regions[i] = pg_strtoint32(MM_ROW_VALUE(rows, i, 0));
	return regions;
}

/*
 * split_region(table, region): returns the numbers of the two new ones.
 */
Datum
mm_shard_split_region(PG_FUNCTION_ARGS)
{
	Source		source = {0};
	Copy		copies[2] = {0};
	MMDistributed *table;
	int			region;
	char	   *tree;
	const char *key;
	int		   *regions;
	int			nregions;
	Datum		result[2];
	MMConnection **conns;
	MMPart	  **parts;

	mm_require_operator(fcinfo, 2, "mmdb.split_region()");
	region = PG_GETARG_INT32(1);
	open_source(&source, PG_GETARG_OID(0), region);
	table = source.table;
	/* All servers get the new tree. */
	conns = palloc(sizeof(MMConnection *) * table->nparts);
	parts = palloc(sizeof(MMPart *) * table->nparts);
	for (int i = 0; i < table->nparts; i++)
	{
		mm_part_connect(&table->parts[i]);
		parts[i] = &table->parts[i];
		conns[i] = table->parts[i].conn;
	}
	tree = MM_ROW_VALUE(mm_exec(source.from->conn, psprintf("SELECT mmdb.train_split(%s, %d, %s)", quote_literal_cstr(table->tree), region,
															quote_literal_cstr(source.partition))), 0, 0);
	key = mm_key_of_tree(tree);
	regions = regions_of_tree(tree, &nregions);
	for (int i = 0; i < 2; i++)
	{
		Copy	   *copy = &copies[i];

		copy->to = source.from;
		copy->region = regions[nregions - 2 + i];
		copy->key = key;
		copy->filter = psprintf("%s = %d", key, copy->region);
		copy->table = mm_qualified(table->schema, mm_name_of_region(table->name, copy->region));
		result[i] = Int32GetDatum(copy->region);
	}
	source.ncopies = 2;
	source.copies = copies;

	copy_rows(&source);
	mm_finish_together(table->nparts, conns);
	take_over(&source, table->nparts, parts);
	exchange_partitions(&source, tree, conns);
	(void) mm_local("ALTER TABLE %s DETACH PARTITION %s", table->qualified, source.from->foreign_name);
	(void) mm_local("SELECT mmdb.set_region_tree(%u, %s)", table->relid, quote_literal_cstr(tree));
	(void) mm_local("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES IN (%s)", table->qualified,
					source.from->foreign_name, regions_list(source.from, region, 2, copies));
	PG_RETURN_ARRAYTYPE_P(construct_array(result, 2, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}
