/*-------------------------------------------------------------------------
 *
 * workload.c
 *	  Reading a workload: the searches that an index is to be good at.
 *
 * A query gives them, which runs as the caller, and read-only with all that it calls; or
 * what the server has recorded.  Query objects are read as those of learning are (learner.h), so
 * rights to the statistics that normalize distances are checked there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/ruleutils.h"
#include "utils/typcache.h"

#include "base/random.h"
#include "compat.h"
#include "index/elsewhere.h"
#include "index/owner.h"
#include "index/rights.h"
#include "tune/workload.h"
#include "type/weights.h"

/* With fewer tasks than this, none are held out. */
#define MIN_TO_HOLD_OUT	5

/* The k of a search that states neither k nor a radius. */
#define DEFAULT_K	10

/* The recorded searches: those that odbknn or odbrange could ask for. */
#define RECORDED_QUERY \
	"SELECT query, weights, k, radius, calls FROM mmdb.query_samples($1) " \
	"WHERE 0 OPERATOR(pg_catalog.<) ANY (weights) AND (radius IS NULL OR radius OPERATOR(pg_catalog.>=) 0)"

/* ---------- one task ---------- */

static MMTask *
add_task(MMWorkload *workload)
{
	if (workload->n == workload->room)
	{
		workload->room = Max(64, 2 * workload->room);
		workload->tasks = workload->tasks == NULL ?
			MemoryContextAlloc(workload->context, sizeof(MMTask) * workload->room) :
			repalloc_huge(workload->tasks, sizeof(MMTask) * (Size) workload->room);
	}
	memset(&workload->tasks[workload->n], 0, sizeof(MMTask));
	return &workload->tasks[workload->n++];
}

/*
 * Give a task its query object.  Only columns with weight and a value stay.  A recorded
 * one in which there are none stays without an object.
 */
static void
set_terms(MMWorkload *workload, MMTask *task, const MMExample *example)
{
	task->terms = MemoryContextAllocZero(workload->context, sizeof(MMTerms));
	for (int i = 0; i < example->terms->n; i++)
	{
		MMTerm		term = example->terms->terms[i];

		term.weight = task->weights[term.column];
		if (term.weight == 0)
			continue;
		task->columns |= UINT32_C(1) << term.column;
		task->terms->terms[task->terms->n++] = term;
	}
	if (task->terms->n == 0 && workload->recorded)
		task->terms = NULL;
	else if (task->terms->n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a query has no column with both a weight and a value")));
}

/*
 * Raise an error if a query object is a row of a table.  One that belongs to
 * another table shows what the mistake is.
 */
static void
check_row_type(const MMWorkload *workload, Oid type)
{
	Oid			table = get_typ_typrelid(type);

	if (!OidIsValid(table) || get_rel_relkind(table) == RELKIND_COMPOSITE_TYPE)
		return;
	if (table != RelationGetRelid(workload->learner->table))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the workload is about table \"%s\", not about \"%s\"", get_rel_name(table),
						RelationGetRelationName(workload->learner->table)),
				 errhint("Tune the index of that table, or write its columns as ROW(...).")));
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a query object is a whole row of table \"%s\"", get_rel_name(table)),
			 errdetail("It must have a component for each column of the index: %s.",
					   mm_columns_list(workload->learner->columns)),
			 errhint("Write ROW(...) with these, or give the row's primary key in a column named key.")));
}

/*
 * The query object in a value of any type that can hold one.
 */
static const MMExample *
read_object(MMWorkload *workload, Oid type, Datum value, OdbQueryParts *own)
{
	MMLearner  *learner = workload->learner;
	Oid			output;
	bool		is_varlena;
	OdbQueryParts parts;

	getTypeOutputInfo(type, &output, &is_varlena);
	if (get_func_name(output) != NULL && strcmp(get_func_name(output), "odbquery_out") == 0)
	{
		mm_odbquery_unpack(DatumGetOdbQuery(value), own);
		mm_check_width(learner->index, learner->columns, own->natts);
		return mm_example_object(learner, own);
	}
	if (type_is_rowtype(type))
	{
		check_row_type(workload, type);
		return mm_example_query(learner, type, value, false);
	}
	mm_values_query(mm_values_parse(cstring_to_text(OidOutputFunctionCall(output, value))),
					learner->index, learner->columns, &parts);
	return mm_example_object(learner, &parts);
}

/* ---------- the columns of a workload ---------- */

/*
 * The numbers of the result's columns; 0: there is none.
 */
typedef struct WorkloadColumns
{
	int			query;
	int			key;
	int			weights;
	int			k;
	int			radius;
	int			filter;
	int			calls;
} WorkloadColumns;

static WorkloadColumns
find_columns(TupleDesc desc)
{
	WorkloadColumns columns = {0};
	struct
	{
		const char *name;
		int		   *number;
	}			names[] = {
		{"query", &columns.query}, {"key", &columns.key}, {"weights", &columns.weights},
		{"k", &columns.k}, {"radius", &columns.radius}, {"filter", &columns.filter},
		{"calls", &columns.calls},
	};

	for (int i = 0; i < desc->natts; i++)
	{
		bool		known = false;

		for (int n = 0; n < (int) lengthof(names); n++)
			if (strcmp(NameStr(TupleDescAttr(desc, i)->attname), names[n].name) == 0)
			{
				if (*names[n].number != 0)
					ereport(ERROR,
							(errcode(ERRCODE_DUPLICATE_COLUMN),
							 errmsg("a workload has two columns \"%s\"", names[n].name),
							 errdetail("Columns number %d and %d are.", *names[n].number, i + 1),
							 errhint("The first three columns are query, weights and k, if they have other names than those of a workload.")));
				*names[n].number = i + 1;
				known = true;
			}
		/* The first three need no names. */
		if (!known && i == 0)
			columns.query = 1;
		else if (!known && i == 1)
			columns.weights = 2;
		else if (!known && i == 2)
			columns.k = 3;
		else if (!known)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a workload has no column \"%s\"", NameStr(TupleDescAttr(desc, i)->attname)),
					 errhint("It has query or key, weights, k or radius, and perhaps filter and calls.")));
	}
	if (columns.query == 0 && columns.key == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a workload needs query objects"),
				 errhint("Its query returns them in a column named query, or keys of rows in one named key.")));
	return columns;
}

/*
 * A number in a column of the workload, by way of its text.  Returns false if it is
 * NULL or there is no such column.
 */
static bool
get_number(HeapTuple tuple, TupleDesc desc, int column, double *value)
{
	char	   *text = column == 0 ? NULL : SPI_getvalue(tuple, desc, column);

	if (text == NULL)
		return false;
	*value = DatumGetFloat8(DirectFunctionCall1(float8in, CStringGetDatum(text)));
	return true;
}

static void
read_limit(const MMWorkload *workload, const WorkloadColumns *columns, HeapTuple tuple, TupleDesc desc,
		   MMTask *task)
{
	double		k;
	double		radius;

	/* Recorded searches may have both: a LIMIT within a radius. */
	if (!workload->recorded && get_number(tuple, desc, columns->k, &k) &&
		get_number(tuple, desc, columns->radius, &radius))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a query of the workload has both a k and a radius"),
				 errdetail("It is for the %g nearest rows, or for those within %g.", k, radius),
				 errhint("Give one of them, and NULL for the other.")));
	if (get_number(tuple, desc, columns->k, &k))
	{
		if (!(k >= 1 && k <= INT_MAX))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_ROW_COUNT_IN_LIMIT_CLAUSE),
					 errmsg("k must be at least 1, not %g", k)));
		task->k = (int64) k;
	}
	else if (get_number(tuple, desc, columns->radius, &task->radius))
		mm_check_radius(task->radius, NULL);
	else
		task->k = DEFAULT_K;
}

static void
read_task(MMWorkload *workload, const WorkloadColumns *columns, HeapTuple tuple, TupleDesc desc)
{
	MMLearner  *learner = workload->learner;
	MMTask	   *task = add_task(workload);
	char	   *weights = columns->weights == 0 ? NULL : SPI_getvalue(tuple, desc, columns->weights);
	char	   *filter = columns->filter == 0 ? NULL : SPI_getvalue(tuple, desc, columns->filter);
	Datum		value = 0;
	bool		isnull = true;
	OdbQueryParts own = {0};
	const MMExample *example = NULL;

	read_limit(workload, columns, tuple, desc, task);
	task->calls = 1.0;
	if (get_number(tuple, desc, columns->calls, &task->calls) &&
		!(task->calls > 0 && task->calls < 1e18))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("calls must be above 0, not %g", task->calls)));
	if (filter != NULL)
		task->filter = MemoryContextStrdup(workload->context, mm_sql_filter(filter));
	if (columns->query != 0)
		value = SPI_getbinval(tuple, desc, columns->query, &isnull);
	if (!isnull)
		example = read_object(workload, TupleDescAttr(desc, columns->query - 1)->atttypid, value, &own);
	else if (columns->key != 0)
	{
		value = SPI_getbinval(tuple, desc, columns->key, &isnull);
		if (!isnull)
			example = mm_example_query(learner, TupleDescAttr(desc, columns->key - 1)->atttypid, value, true);
	}
	if (isnull && !workload->recorded)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a query of the workload has no query object")));
	/* An odbquery has weights of its own. */
	memcpy(task->weights, weights == NULL && own.weights != NULL ? own.weights :
		   mm_values_weights(weights == NULL ? NULL : cstring_to_text(weights), learner->columns),
		   sizeof(double) * learner->m);
	if (example != NULL)
		set_terms(workload, task, example);
}

/* ---------- all tasks ---------- */

/*
 * What read_task needs besides a row.
 */
typedef struct TaskReader
{
	MMWorkload *workload;
	WorkloadColumns columns;
} TaskReader;

static void
begin_tasks(TupleDesc desc, void *arg)
{
	((TaskReader *) arg)->columns = find_columns(desc);
}

static void
receive_task(HeapTuple tuple, TupleDesc desc, void *arg)
{
	TaskReader *reader = arg;

	read_task(reader->workload, &reader->columns, tuple, desc);
}

/*
 * Read the tasks that a query returns.  It has one parameter, the index, or none.
 */
static void
read_tasks(MMWorkload *workload, const char *sql)
{
	TaskReader	reader = {.workload = workload};
	bool		read_only = XactReadOnly;
	MMRowsQuery query = {
		.sql = sql,
		.parameter_type = workload->recorded ? REGCLASSOID : InvalidOid,
		.parameter = ObjectIdGetDatum(RelationGetRelid(workload->learner->index)),
		.one = "query of the workload, number",
		.all = "queries of a workload",
		.begin = begin_tasks,
		.receive = receive_task,
		.arg = &reader,
	};

	/* What is called in the query must not write, either. */
	PG_TRY();
	{
		XactReadOnly = true;
		(void) mm_rows_read(workload->learner, &query);
	}
	PG_FINALLY();
	{
		XactReadOnly = read_only;
	}
	PG_END_TRY();
}

/*
 * Recorded searches without query objects are repeated, so that there are as many tasks
 * as are wanted: each time, another row of the table takes the object's place.
 */
static void
repeat_recorded(MMWorkload *workload, int most)
{
	int			n = workload->n;
	int			missing = 0;
	int			times;

	for (int i = 0; i < n; i++)
		missing += workload->tasks[i].terms == NULL;
	if (missing == 0 || n >= most)
		return;
	times = 1 + (most - n) / missing;
	for (int i = 0; i < n; i++)
	{
		if (workload->tasks[i].terms != NULL)
			continue;
		workload->tasks[i].calls /= times;
		for (int j = 1; j < times; j++)
		{
			MMTask	   *task = add_task(workload);

			*task = workload->tasks[i];
		}
	}
}

/*
 * Without query objects: rows of the table take their place.
 */
static void
fill_objects(MMWorkload *workload, int seed)
{
	MMLearner  *learner = workload->learner;
	StringInfoData sql;
	int			missing = 0;
	uint64		next = 0;

	for (int i = 0; i < workload->n; i++)
		missing += workload->tasks[i].terms == NULL;
	if (missing == 0)
		return;
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	for (int c = 0; c < learner->m; c++)
		appendStringInfo(&sql, "%s%s", c > 0 ? ", " : "",
						 mm_sql_column(&learner->style, &learner->columns->columns[c]));
	appendStringInfo(&sql, " FROM %s AS %s", mm_sql_table(learner->table), learner->style.alias);
	if (workload->predicate != NULL)
		appendStringInfo(&sql, " WHERE %s", workload->predicate);
	appendStringInfo(&sql, " ORDER BY %s LIMIT %d", mm_workload_order(workload, seed), 4 * missing);
	SPI_connect();
	if (SPI_execute(sql.data, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not execute \"%s\"", sql.data);
	for (int i = 0; i < workload->n; i++)
	{
		MMTask	   *task = &workload->tasks[i];

		while (task->terms == NULL && next < SPI_processed)
		{
			HeapTuple	tuple = SPI_tuptable->vals[next++];
			Oid			types[MM_MAX_COLUMNS];
			Datum		values[MM_MAX_COLUMNS];
			bool		isnull[MM_MAX_COLUMNS];
			bool		usable = false;
			OdbQueryParts parts = {
				.natts = learner->m,
				.types = types,
				.values = values,
				.isnull = isnull,
			};

			for (int c = 0; c < learner->m; c++)
			{
				types[c] = learner->columns->columns[c].type;
				values[c] = SPI_getbinval(tuple, SPI_tuptable->tupdesc, c + 1, &isnull[c]);
				usable |= !isnull[c] && task->weights[c] > 0;
			}
			if (usable)
				set_terms(workload, task, mm_example_object(learner, &parts));
		}
	}
	SPI_finish();
	/* A table with few rows. */
	for (int i = workload->n - 1; i >= 0; i--)
		if (workload->tasks[i].terms == NULL)
			workload->tasks[i] = workload->tasks[--workload->n];
}

static uint64
hash_task(const MMWorkload *workload, const MMTask *task, uint64 hash)
{
	hash = hash_combine64(hash, (uint64) task->k);
	hash = hash_bytes_extended((const unsigned char *) &task->radius, sizeof(double), hash);
	hash = hash_bytes_extended((const unsigned char *) task->weights,
							   sizeof(double) * workload->learner->m, hash);
	for (int i = 0; task->terms != NULL && i < task->terms->n; i++)
	{
		const MMTerm *term = &task->terms->terms[i];
		const MMColumn *column = &workload->learner->columns->columns[term->column];

		hash = hash_combine64(hash, datum_image_hash(term->value, column->typbyval, column->typlen));
	}
	return hash;
}

static int
compare_places(const void *a, const void *b)
{
	const MMTask *x = a;
	const MMTask *y = b;

	return (x->place > y->place) - (x->place < y->place);
}

/*
 * Put the tasks in an order that depends on what they are and the seed, and keep
 * the first ones.  Equal ones are spread, so that they are not all held out together.
 */
static void
choose_tasks(MMWorkload *workload, int most, double heldout, int seed)
{
	uint64		before = 0;
	int			equal = 0;

	for (int i = 0; i < workload->n; i++)
		workload->tasks[i].place = hash_task(workload, &workload->tasks[i], (uint32) seed);
	qsort(workload->tasks, workload->n, sizeof(MMTask), compare_places);
	for (int i = 0; i < workload->n; i++)
	{
		uint64		place = workload->tasks[i].place;

		equal = i > 0 && place == before ? equal + 1 : 0;
		before = place;
		if (equal > 0)
			workload->tasks[i].place = mm_mix_bits(hash_combine64(place, equal));
	}
	qsort(workload->tasks, workload->n, sizeof(MMTask), compare_places);
	workload->n = Min(workload->n, most);
	fill_objects(workload, seed);
	for (int i = 0; i < workload->n; i++)
		workload->tasks[i].source = i;
	if (workload->n >= MIN_TO_HOLD_OUT)
		workload->nheldout = Min((int) rint(workload->n * heldout), workload->n - 1);
}

/* ---------- more of the same ---------- */

static int
compare_hashes(const void *a, const void *b)
{
	uint64		x = *(const uint64 *) a;
	uint64		y = *(const uint64 *) b;

	return (x > y) - (x < y);
}

/*
 * A factor from a half to two.
 */
static double
random_factor(MMRandom *random)
{
	double		factor = 1.0 + mm_random_below(random, 1000) / 1000.0;

	return mm_random_below(random, 2) == 0 ? factor : 1.0 / factor;
}

/*
 * Have most searches weights of their own, and not one of a few combinations?
 */
static bool
weights_vary(const MMWorkload *workload)
{
	uint64	   *hashes = palloc(sizeof(uint64) * workload->n);
	int			distinct = 0;

	for (int i = 0; i < workload->n; i++)
		hashes[i] = hash_bytes_extended((const unsigned char *) workload->tasks[i].weights,
										sizeof(double) * workload->learner->m, 0);
	qsort(hashes, workload->n, sizeof(uint64), compare_hashes);
	for (int i = 0; i < workload->n; i++)
		distinct += i == 0 || hashes[i] != hashes[i - 1];
	pfree(hashes);
	return 2 * distinct > workload->n;
}

MMWorkload *
mm_workload_like(const MMWorkload *workload, int times, int seed)
{
	MMWorkload *like = palloc(sizeof(MMWorkload));
	MMRandom	random = {.seed = (uint32) seed};
	bool		vary = weights_vary(workload);

	*like = *workload;
	like->n = 0;
	like->nheldout = 0;
	like->room = 0;
	like->tasks = NULL;
	for (int i = 0; i < workload->n; i++)
		for (int j = 0; j < times; j++)
		{
			MMTask	   *task = add_task(like);

			*task = workload->tasks[i];
			task->terms = NULL;
			task->columns = 0;
			task->calls /= times;
			for (int c = 0; c < workload->learner->m && vary; c++)
				task->weights[c] *= random_factor(&random);
		}
	fill_objects(like, seed);
	return like;
}

char *
mm_workload_order(const MMWorkload *workload, int seed)
{
	Relation	table = workload->learner->table;
	const char *alias = workload->learner->style.alias;
	Bitmapset  *columns = RelationGetIndexAttrBitmap(table, INDEX_ATTR_BITMAP_PRIMARY_KEY);
	StringInfoData sql;
	int			column = -1;
	bool		first = true;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "pg_catalog.hashtextextended(ROW(");
	while ((column = bms_next_member(columns, column)) >= 0)
	{
		appendStringInfo(&sql, "%s%s.%s", first ? "" : ", ", alias,
						 quote_identifier(get_attname(RelationGetRelid(table),
													  column + FirstLowInvalidHeapAttributeNumber, false)));
		first = false;
	}
	if (first)
		appendStringInfo(&sql, "%s.tableoid, %s.ctid", alias, alias);
	appendStringInfo(&sql, ")::pg_catalog.text COLLATE \"C\", %d)", seed);
	return sql.data;
}

void
mm_workload_weights(const MMWorkload *workload, double *weights)
{
	int			m = workload->learner->m;
	double		total = 0.0;

	memset(weights, 0, sizeof(double) * m);
	for (int i = 0; i < workload->n - workload->nheldout; i++)
	{
		const MMTask *task = &workload->tasks[i];
		double		normalized[MM_MAX_COLUMNS];

		if (!mm_normalize_weights(task->weights, m, normalized))
			continue;
		for (int c = 0; c < m; c++)
			weights[c] += normalized[c] * task->calls;
		total += task->calls;
	}
	for (int c = 0; c < m; c++)
		weights[c] /= total;
}

/*
 * Raise an error if a table is none whose searches can be measured here: its rows are
 * elsewhere, or it has none.
 */
static void
require_rows(const MMLearner *learner)
{
	Relation	table = learner->table;
	const char *name = RelationGetRelationName(table);
	bool		empty;

	if (mm_is_on_servers(RelationGetRelid(table)) || mm_is_distributed(RelationGetRelid(table)))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("the rows of table \"%s\" are at other servers", name),
				 errdetail("What searches take is measured where the rows and their indexes are, and an index is changed there."),
				 errhint("Call the function at one of the servers, with its table of the same name, and run the statements that it returns at all of them: for a table that mmdb.distribute() has distributed, by mmdb.on_servers().")));
	SPI_connect();
	if (SPI_execute(psprintf("SELECT FROM %s LIMIT 1", mm_sql_table(table)), true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read table \"%s\"", name);
	empty = SPI_processed == 0;
	SPI_finish();
	if (empty)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is empty", name),
				 errhint("Load it first.")));
}

MMWorkload *
mm_workload_read(Oid index, const char *workload_text, int most, double heldout, int seed)
{
	MMWorkload *workload = palloc0(sizeof(MMWorkload));
	MMLearner  *learner;
	List	   *predicate;

	learner = workload->learner = mm_learner_open(index);
	/* Indexes are made that call them, too. */
	if (mm_calls_functions_of_others(learner->index))
		mm_require_owner(RelationGetRelid(learner->table));
	workload->context = AllocSetContextCreate(learner->context, "mmdb tasks", ALLOCSET_DEFAULT_SIZES);
	if (check_enable_rls(RelationGetRelid(learner->table), InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row-level security restricts what the user may read of table \"%s\"",
						RelationGetRelationName(learner->table)),
				 errdetail("What searches take depends on all rows."),
				 errhint("The table's owner can do this, and roles with BYPASSRLS.")));
	require_rows(learner);
	predicate = RelationGetIndexPredicate(learner->index);
	if (predicate != NIL)
		workload->predicate = deparse_expression((Node *) make_ands_explicit(predicate),
												 deparse_context_for(learner->style.alias,
																	 RelationGetRelid(learner->table)),
												 true, false);
	workload->rows = Max(learner->table->rd_rel->reltuples, (double) learner->statistics->rows);
	workload->recorded = strcmp(workload_text, MM_RECORDED) == 0;
	read_tasks(workload, workload->recorded ? RECORDED_QUERY : workload_text);
	if (workload->n == 0 && workload->recorded)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("no queries are recorded for index \"%s\"", RelationGetRelationName(learner->index)),
				 errdetail("Searches are recorded if mmdb.track is on. The view mmdb.query_stats_info tells whether those of other sessions are. Roles see their own, and those with pg_read_all_stats all."),
				 errhint("Let searches run first; or give a query that returns query objects, weights and k.")));
	if (workload->recorded)
		repeat_recorded(workload, most);
	choose_tasks(workload, most, heldout, seed);
	if (workload->n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there are no queries in the workload")));
	return workload;
}

void
mm_workload_close(MMWorkload *workload)
{
	mm_learner_close(workload->learner);
}
