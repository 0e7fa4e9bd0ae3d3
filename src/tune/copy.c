/*-------------------------------------------------------------------------
 *
 * copy.c
 *	  A sampled copy of a table, in which indexes are tried.
 *
 * The copy has only the columns that are needed, under the same names, so the
 * statements of searches are the same for it.  Rows are chosen by a hash of
 * their primary keys, so the same rows of a table are copied each time, in the
 * same order.  The copy belongs to the caller and has only rows that he may read.
 *
 * The copy has the table's primary key, too.  By that, an index chooses the rows on
 * which it measures and learns (model/sample.c), so an index of a copy of the whole
 * table learns from the same rows as the table's own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "portability/instr_time.h"
#include "storage/bufmgr.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "compat.h"
#include "tune/copy.h"

/* Numbers the copies of a session, so that one function may use another. */
static uint32 copies_made = 0;
static uint32 indexes_made = 0;

void
mm_run_utility(const char *sql)
{
	int			level = NewGUCNestLevel();
	int			result;

	(void) set_config_option("client_min_messages", "error", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	SPI_connect();
	result = SPI_execute(sql, false, 0);
	if (result < 0)
		elog(ERROR, "could not execute \"%s\": %s", sql, SPI_result_code_string(result));
	SPI_finish();
	AtEOXact_GUC(true, level);
}

void
mm_require_temp(const char *what)
{
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("%s cannot make a copy of the table on a standby", what),
				 errhint("Run it on the primary.")));
	if (XactReadOnly)
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("%s cannot make a copy of the table in a read-only transaction", what),
				 errhint("It makes a temporary table, which it drops. Use SET TRANSACTION READ WRITE, or run it on a server that allows that.")));
	if (!DatumGetBool(DirectFunctionCall2(has_database_privilege_id, ObjectIdGetDatum(MyDatabaseId),
										  CStringGetTextDatum("TEMPORARY"))))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%s needs the right to make temporary tables", what),
				 errdetail("It tries indexes in a copy of the table."),
				 errhint("GRANT TEMPORARY ON DATABASE %s TO %s.",
						 quote_identifier(get_database_name(MyDatabaseId)),
						 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

/* ---------- columns ---------- */

void
mm_filter_columns(const MMWorkload *workload, const char *filter, Bitmapset **columns)
{
	const MMLearner *learner = workload->learner;
	char	   *sql = psprintf("SELECT FROM %s AS %s WHERE %s", mm_sql_table(learner->table),
							   learner->style.alias, filter);
	List	   *queries = mm_analyze_with_types(linitial_node(RawStmt, pg_parse_query(sql)), sql, NULL, 0);
	Query	   *query = linitial_node(Query, queries);

	if (query->hasSubLinks)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a filter of the workload has a subquery"),
				 errhint("Leave out the filters, or those of them that look into other tables.")));
	pull_varattnos(query->jointree->quals, 1, columns);
}

/*
 * The constraint that is the table's primary key, whose columns are added to *columns.
 * InvalidOid if there is none that a copy could have: the rows of children by inheritance
 * need not obey it.
 */
static Oid
primary_key(const MMWorkload *workload, Bitmapset **columns)
{
	Relation	table = workload->learner->table;
	Oid			constraint;
	Bitmapset  *key;

	if (!mm_not_null_holds(RelationGetRelid(table)))
		return InvalidOid;
	key = get_primary_key_attnos(RelationGetRelid(table), false, &constraint);
	*columns = bms_add_members(*columns, key);
	return key == NULL ? InvalidOid : constraint;
}

static Bitmapset *
needed_columns(const MMWorkload *workload)
{
	Bitmapset  *columns = mm_index_table_columns(workload->learner->index, false);

	(void) primary_key(workload, &columns);
	for (int i = 0; i < workload->n; i++)
		if (workload->tasks[i].filter != NULL)
			mm_filter_columns(workload, workload->tasks[i].filter, &columns);
	return columns;
}

/*
 * Append the definitions of the copy's columns, and what to select for them.
 */
static void
append_columns(const MMWorkload *workload, StringInfo definitions, StringInfo list)
{
	TupleDesc	desc = RelationGetDescr(workload->learner->table);
	Bitmapset  *columns = needed_columns(workload);
	bool		all = bms_is_member(InvalidAttrNumber - FirstLowInvalidHeapAttributeNumber, columns);
	bool		trusted = mm_not_null_holds(RelationGetRelid(workload->learner->table));

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		const char *separator = definitions->len > 0 ? ", " : "";

		if (att->attisdropped ||
			!(all || bms_is_member(att->attnum - FirstLowInvalidHeapAttributeNumber, columns)))
			continue;
		appendStringInfo(definitions, "%s%s %s", separator, quote_identifier(NameStr(att->attname)),
						 format_type_extended(att->atttypid, att->atttypmod,
											  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
		if (OidIsValid(att->attcollation))
			appendStringInfo(definitions, " COLLATE %s",
							 generate_collation_name(att->attcollation));
		if (att->attnotnull && trusted)
			appendStringInfoString(definitions, " NOT NULL");
		appendStringInfo(list, "%s%s.%s", separator, workload->learner->style.alias,
						 quote_identifier(NameStr(att->attname)));
	}
}

/*
 * The name of an operator class, qualified.
 */
static char *
opclass_name(Oid opclass)
{
	HeapTuple	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
	Form_pg_opclass form;
	char	   *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator class %u", opclass);
	form = (Form_pg_opclass) GETSTRUCT(tuple);
	result = quote_qualified_identifier(get_namespace_name(form->opcnamespace), NameStr(form->opcname));
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Append the options of an index column's operator class, if it has any.
 */
static void
append_opclass_options(StringInfo buf, Oid index, int key)
{
	Datum		options = get_attoptions(index, key + 1);
	Datum	   *elements;
	int			n;

	if (options == (Datum) 0)
		return;
	deconstruct_array(DatumGetArrayTypeP(options), TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		char	   *option = TextDatumGetCString(elements[i]);
		char	   *value = strchr(option, '=');

		if (value != NULL)
			*value++ = '\0';
		appendStringInfo(buf, "%s%s = %s", i == 0 ? " (" : ", ", quote_identifier(option),
						 quote_literal_cstr(value != NULL ? value : ""));
	}
	if (n > 0)
		appendStringInfoChar(buf, ')');
}

static Oid
column_collation(Oid table, AttrNumber attnum)
{
	Oid			type;
	int32		typmod;
	Oid			collation;

	get_atttypetypmodcoll(table, attnum, &type, &typmod, &collation);
	return collation;
}

char *
mm_index_columns_sql(const MMWorkload *workload, uint32 columns)
{
	Relation	index = workload->learner->index;
	Oid			oid = RelationGetRelid(index);
	Oid			table = index->rd_index->indrelid;
	StringInfoData buf;
	oidvector  *opclasses;
	bool		isnull;
	Datum		datum = SysCacheGetAttr(INDEXRELID, index->rd_indextuple, Anum_pg_index_indclass, &isnull);

	Assert(!isnull);
	opclasses = (oidvector *) DatumGetPointer(datum);
	initStringInfo(&buf);
	for (int key = 0; key < index->rd_index->indnkeyatts; key++)
	{
		AttrNumber	attnum = index->rd_index->indkey.values[key];
		Oid			collation = index->rd_indcollation[key];

		if (workload->learner->columns->composite == NULL && !(columns & (UINT32_C(1) << key)))
			continue;
		appendStringInfo(&buf, "%s%s", buf.len > 0 ? ", " : "",
						 TextDatumGetCString(DirectFunctionCall3(pg_get_indexdef_ext, ObjectIdGetDatum(oid),
																 Int32GetDatum(key + 1), BoolGetDatum(false))));
		if (OidIsValid(collation) && (attnum == 0 || collation != column_collation(table, attnum)))
			appendStringInfo(&buf, " COLLATE %s", generate_collation_name(collation));
		appendStringInfo(&buf, " %s", opclass_name(opclasses->values[key]));
		append_opclass_options(&buf, oid, key);
	}
	return buf.data;
}

/* ---------- the copy ---------- */

/*
 * Give a copy the table's primary key, if it has one.
 */
static void
add_primary_key(const MMCopy *copy)
{
	Bitmapset  *columns = NULL;
	Oid			constraint = primary_key(copy->workload, &columns);
	Relation	index;
	StringInfoData list;

	if (!OidIsValid(constraint))
		return;
	initStringInfo(&list);
	index = relation_open(get_constraint_index(constraint), AccessShareLock);
	for (int i = 0; i < index->rd_index->indnkeyatts; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "",
						 quote_identifier(get_attname(index->rd_index->indrelid,
													  index->rd_index->indkey.values[i], false)));
	relation_close(index, NoLock);
	mm_run_utility(psprintf("ALTER TABLE %s ADD PRIMARY KEY (%s)", copy->table, list.data));
}

MMCopy *
mm_copy_make(const MMWorkload *workload, int rows, int seed, const char *what)
{
	const MMLearner *learner = workload->learner;
	MMCopy	   *copy = palloc0(sizeof(MMCopy));
	StringInfoData definitions;
	StringInfoData list;
	StringInfoData sql;

	mm_require_temp(what);
	copy->workload = workload;
	copy->table = psprintf("pg_temp.mmdb_trial_%u", ++copies_made);
	initStringInfo(&definitions);
	initStringInfo(&list);
	append_columns(workload, &definitions, &list);
	mm_run_utility(psprintf("CREATE TEMPORARY TABLE %s (%s) ON COMMIT DROP", copy->table, definitions.data));

	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO %s SELECT %s FROM %s AS %s", copy->table, list.data,
					 mm_sql_table(learner->table), learner->style.alias);
	if (workload->predicate != NULL)
		appendStringInfo(&sql, " WHERE %s", workload->predicate);
	appendStringInfo(&sql, " ORDER BY %s LIMIT %d", mm_workload_order(workload, seed), rows);
	SPI_connect();
	if (SPI_execute(sql.data, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not execute \"%s\"", sql.data);
	copy->rows = SPI_processed;
	copy->whole = SPI_processed < (uint64) rows;
	SPI_finish();
	if (copy->rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is empty", RelationGetRelationName(learner->table)),
				 errhint("Load it first.")));
	add_primary_key(copy);
	/*
	 * Plans need it.  CREATE INDEX does not count rows where autovacuum is off, since
	 * PostgreSQL 18.  Plans are the same each time for 30,000 rows at most.
	 */
	mm_run_utility(psprintf("ANALYZE %s", copy->table));
	return copy;
}

void
mm_copy_drop(MMCopy *copy)
{
	mm_run_utility(psprintf("DROP TABLE %s", copy->table));
}

static MMTrialIndex
build(MMCopy *copy, const char *definition)
{
	MMTrialIndex index = {.name = psprintf("mmdb_trial_index_%u", ++indexes_made)};
	Oid			schema;
	Relation	relation;
	instr_time	start;
	instr_time	end;

	INSTR_TIME_SET_CURRENT(start);
	mm_run_utility(psprintf("CREATE INDEX %s ON %s %s", index.name, copy->table, definition));
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	index.seconds = INSTR_TIME_GET_DOUBLE(end);
	schema = LookupExplicitNamespace("pg_temp", false);
	index.oid = get_relname_relid(index.name, schema);
	index.name = psprintf("pg_temp.%s", index.name);
	relation = relation_open(index.oid, AccessShareLock);
	index.bytes = (int64) RelationGetNumberOfBlocks(relation) * BLCKSZ;
	relation_close(relation, NoLock);
	return index;
}

MMTrialIndex
mm_copy_build(MMCopy *copy, uint32 columns, const char *parameters)
{
	return build(copy, psprintf("USING mmdb (%s)%s", mm_index_columns_sql(copy->workload, columns),
								parameters[0] != '\0' ? psprintf(" WITH (%s)", parameters) : ""));
}

MMTrialIndex
mm_copy_build_other(MMCopy *copy, const char *definition)
{
	return build(copy, definition);
}

void
mm_trial_subindexes(const MMTrialIndex *index, const char **kinds)
{
	Oid			type = REGCLASSOID;
	Datum		oid = ObjectIdGetDatum(index->oid);

	memset(kinds, 0, sizeof(char *) * MM_MAX_COLUMNS);
	SPI_connect();
	if (SPI_execute_with_args("SELECT column_number, kind FROM mmdb.subindexes_of($1)", 1, &type, &oid,
							  NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the sub-indexes");
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[row];
		bool		isnull;
		int			column = DatumGetInt32(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 1, &isnull)) - 1;
		char	   *kind = SPI_getvalue(tuple, SPI_tuptable->tupdesc, 2);

		kinds[column] = strcpy(SPI_palloc(strlen(kind) + 1), kind);
	}
	SPI_finish();
}

void
mm_copy_unbuild(MMCopy *copy, const MMTrialIndex *index)
{
	(void) copy;
	mm_run_utility(psprintf("DROP INDEX %s", index->name));
}
