/*-------------------------------------------------------------------------
 *
 * picture.c
 *	  What has changed in a table since it was copied, found without a lock.
 *
 * A picture is a table of the rows of another one as a snapshot saw them, each with
 * its place and its transaction (tableoid, ctid and xmin), which identify a version of
 * a row.  Rows are copied from the picture.  Meanwhile everybody goes on reading and
 * writing.  Comparing the picture with the table tells which versions are gone, and
 * which are new; then the picture is brought up to date.  Done again and again, few
 * changes are left, and only for the last comparison others have to be kept away.
 *
 * That needs no trigger and leaves nothing behind: what is made here is dropped in
 * the same transaction, so nobody sees it, and after a crash it has never been.
 * Tables may not be temporary ones, as a transaction that has used one cannot be
 * prepared.  Whoever uses this holds a lock that keeps commands away which move rows
 * to other places (CLUSTER, VACUUM FULL, ALTER TABLE), and each statement must see
 * what was committed before it (READ COMMITTED).
 *
 * A row that is gone is found in the copy by all of its values; of several equal rows,
 * as many are removed as are gone.  To find it quickly, values are hashed while nobody
 * waits.
 *
 * Everything can be at a server, or here: a connection of NULL means here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "utils/builtins.h"

#include "shard/operations.h"

/* So few changes need no further comparison before the last one. */
#define FEW_CHANGES		200

static MMRows *
run_at(MMConnection *conn, const char *sql)
{
	return conn != NULL ? mm_exec(conn, sql) : mm_local("%s", sql);
}

/*
 * Take a picture of the rows of a table, or of all partitions of one.  table has its schema
 * and quotes; schema, name and suffix make the names of tables beside it.
 */
MMPicture *
mm_picture_take(MMConnection *conn, const char *table, const char *schema, const char *name, const char *suffix)
{
	MMPicture  *picture = palloc(sizeof(MMPicture));

	*picture = (MMPicture) {
		.conn = conn,
		.table = table,
		.seen = mm_qualified(schema, makeObjectName(name, "mmdb_seen", suffix)),
		.gone = mm_qualified(schema, makeObjectName(name, "mmdb_gone", suffix)),
		.added = mm_qualified(schema, makeObjectName(name, "mmdb_added", suffix)),
	};
	run_at(conn, psprintf("CREATE UNLOGGED TABLE %s AS SELECT t.tableoid AS mmdb_home, t.ctid AS mmdb_place, "
						  "t.xmin AS mmdb_transaction, t.* FROM %s t", picture->seen, table));
	run_at(conn, psprintf("CREATE UNLOGGED TABLE %s AS SELECT s.*, s.ctid AS mmdb_pictured FROM %s s WITH NO DATA",
						  picture->gone, picture->seen));
	run_at(conn, psprintf("CREATE UNLOGGED TABLE %s AS TABLE %s WITH NO DATA", picture->added, picture->seen));
	return picture;
}

/*
 * A query of what differs between a table and a picture of it: home, place, and the place in
 * the picture.
 */
static char *
query_of_changes(const char *table, const char *picture)
{
	return psprintf("SELECT * FROM mmdb.changed_versions(%s, %s)", quote_literal_cstr(table),
					quote_literal_cstr(picture));
}

/*
 * Compare a picture with the table: the tables gone and added get the rows in which they
 * differ.  Returns how many these are.  If there are more than most, the tables get none.
 */
int64
mm_picture_compare(MMPicture *picture, int64 most)
{
	MMRows	   *rows;
	int64		n;

	/* One statement, and so one snapshot. */
	rows = run_at(picture->conn,
				  psprintf("WITH d AS MATERIALIZED (%s), few AS MATERIALIZED (SELECT count(*) <= " INT64_FORMAT " AS few FROM d), "
						   "g AS (INSERT INTO %s SELECT s.*, s.ctid FROM %s s JOIN d ON s.ctid = d.pictured "
						   "WHERE (SELECT few FROM few) RETURNING 1), "
						   "a AS (INSERT INTO %s SELECT t.tableoid, t.ctid, t.xmin, t.* FROM %s t JOIN d ON t.tableoid = d.home "
						   "AND t.ctid = d.place WHERE d.pictured IS NULL AND (SELECT few FROM few) RETURNING 1) "
						   "SELECT (SELECT count(*) FROM d), (SELECT count(*) FROM g), (SELECT count(*) FROM a)",
						   query_of_changes(picture->table, picture->seen), most, picture->gone, picture->seen,
						   picture->added, picture->table));
	picture->ngone = pg_strtoint64(MM_ROW_VALUE(rows, 0, 1));
	picture->nadded = pg_strtoint64(MM_ROW_VALUE(rows, 0, 2));
	n = pg_strtoint64(MM_ROW_VALUE(rows, 0, 0));
	if (n <= most && n != picture->ngone + picture->nadded)
		elog(ERROR, "of " INT64_FORMAT " changes of table %s, " INT64_FORMAT " were found again", n, picture->table,
			 picture->ngone + picture->nadded);
	return n;
}

/*
 * Bring a picture up to date with what was found, which is forgotten.
 */
void
mm_picture_renew(MMPicture *picture)
{
	if (picture->ngone > 0)
		run_at(picture->conn,
			   psprintf("DELETE FROM %s s USING %s g WHERE s.ctid = g.mmdb_pictured; TRUNCATE %s",
						picture->seen, picture->gone, picture->gone));
	if (picture->nadded > 0)
		run_at(picture->conn, psprintf("INSERT INTO %s TABLE %s; TRUNCATE %s", picture->seen, picture->added,
									   picture->added));
	picture->ngone = picture->nadded = 0;
}

/*
 * Remove what a picture has made.  Files become empty now, so that the commit, which
 * others wait for, has less to do.
 */
void
mm_picture_drop(MMPicture *picture)
{
	run_at(picture->conn, psprintf("TRUNCATE %s, %s, %s; DROP TABLE %s, %s, %s", picture->seen, picture->gone,
								   picture->added, picture->seen, picture->gone, picture->added));
}

/*
 * Copy what others have changed, until few changes are left, or no fewer than the time
 * before.
 */
void
mm_follow_changes(const MMFollow *follow)
{
	int64		changes = PG_INT64_MAX;
	int64		before;

	do
	{
		before = changes;
		changes = follow->compare(follow->arg, PG_INT64_MAX);
		follow->copy(follow->arg);
		follow->renew(follow->arg);
	} while (changes > FEW_CHANGES && changes < before / 2);
}

/* ---------- rows to be removed from a copy ---------- */

/*
 * Be ready to remove rows from a copy.  table is the copy, with its schema and quotes;
 * columns are those that rows are found by.
 */
MMRemoval *
mm_removal_begin(MMConnection *conn, const char *table, const char *columns, const char *schema,
				 const char *name, const char *suffix)
{
	MMRemoval  *removal = palloc(sizeof(MMRemoval));

	*removal = (MMRemoval) {
		.conn = conn,
		.table = table,
		.columns = columns,
		.rows = mm_qualified(schema, makeObjectName(name, "mmdb_remove", suffix)),
		.hashes = mm_qualified(schema, makeObjectName(name, "mmdb_hashes", suffix)),
	};
	run_at(conn, psprintf("CREATE UNLOGGED TABLE %s AS SELECT %s FROM %s WITH NO DATA", removal->rows, columns, table));
	run_at(conn, psprintf("CREATE UNLOGGED TABLE %s (mmdb_home oid, mmdb_place tid, mmdb_transaction xid, mmdb_hash bigint)",
						  removal->hashes));
	return removal;
}

/*
 * Hash the rows of a copy that are not hashed yet, while nobody waits for the operation.
 */
void
mm_removal_prepare(MMRemoval *removal)
{
	const char *new = "";

	/* Hashes are a picture of the copy, too. */
	if (removal->prepared)
		new = psprintf(" JOIN (%s) d ON x.home = d.home AND x.place = d.place WHERE d.pictured IS NULL",
					   query_of_changes(removal->table, removal->hashes));
	run_at(removal->conn,
		   psprintf("INSERT INTO %s SELECT x.* FROM (SELECT t.tableoid AS home, t.ctid AS place, t.xmin, "
					"hashtextextended(ROW(%s)::text COLLATE \"C\", 0) FROM %s t) x%s",
					removal->hashes, removal->columns, removal->table, new));
	if (!removal->prepared)
		run_at(removal->conn, psprintf("CREATE INDEX ON %s (mmdb_hash); ANALYZE %s", removal->hashes, removal->hashes));
	removal->prepared = true;
}

/*
 * Remove as many rows from the copy as were put into removal->rows, which becomes empty.
 * All rows that are to be found must have been there when mm_removal_prepare was called
 * for the last time, if it was.  Returns how many these were.
 */
int64
mm_removal_run(MMRemoval *removal)
{
	MMRows	   *rows;
	int64		wanted;
	int64		removed;

	if (!removal->prepared)
		mm_removal_prepare(removal);
	rows = run_at(removal->conn,
				  psprintf("WITH wanted AS MATERIALIZED (SELECT mmdb_text, hashtextextended(mmdb_text COLLATE \"C\", 0) AS mmdb_hash, count(*) AS n "
						   "FROM (SELECT ROW(%s)::text AS mmdb_text FROM %s) r GROUP BY 1), "
						   "found AS (SELECT c.mmdb_home, c.mmdb_place, w.n, row_number() OVER (PARTITION BY w.mmdb_text COLLATE \"C\") AS k "
						   "FROM wanted w JOIN %s h USING (mmdb_hash) JOIN (SELECT x.tableoid AS mmdb_home, x.ctid AS mmdb_place, "
						   "ROW(%s)::text AS mmdb_text FROM %s x) c USING (mmdb_home, mmdb_place) "
						   "WHERE c.mmdb_text = w.mmdb_text COLLATE \"C\"), "
						   "removed AS (DELETE FROM %s t USING found f WHERE f.k <= f.n AND t.ctid = f.mmdb_place AND t.tableoid = f.mmdb_home RETURNING 1) "
						   "SELECT (SELECT coalesce(sum(n), 0) FROM wanted), (SELECT count(*) FROM removed)",
						   removal->columns, removal->rows, removal->hashes, removal->columns,
						   removal->table, removal->table));
	wanted = pg_strtoint64(MM_ROW_VALUE(rows, 0, 0));
	removed = pg_strtoint64(MM_ROW_VALUE(rows, 0, 1));
	if (removed != wanted)
		elog(ERROR, "of " INT64_FORMAT " rows that are gone, " INT64_FORMAT " were found in table %s", wanted, removed,
			 removal->table);
	run_at(removal->conn, psprintf("TRUNCATE %s", removal->rows));
	return removed;
}

void
mm_removal_drop(MMRemoval *removal)
{
	run_at(removal->conn, psprintf("TRUNCATE %s, %s; DROP TABLE %s, %s", removal->rows, removal->hashes, removal->rows,
								   removal->hashes));
}
