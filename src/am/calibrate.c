/*-------------------------------------------------------------------------
 *
 * calibrate.c
 *	  mm_calibrate: what pages, entries, rows and distances cost on this server.
 *
 * The cost model (search/cost_model.c) has ratios that were measured on one
 * machine.  Those that depend on the machine, and on what values there are, are
 * settings.  They are measured here on an index and its table, with rows of it as
 * queries, and compared with what a sequential scan of the table takes, which is
 * what the planner's own costs are about.
 *
 * What is measured is in memory: it is read before the clock runs.  So the two
 * settings that say which part of the pages is not in memory are measured only
 * where index and table fit into shared_buffers.  At last, searches tell whether
 * what was measured explains what they take.  Nothing is changed: the result has
 * statements to run.
 *
 * Each time is the least of several, because whatever else the machine does can
 * only add to it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "portability/instr_time.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/spccache.h"

#include "base/random.h"
#include "compat.h"
#include "index/open.h"
#include "index/rights.h"
#include "search/cost_model.h"
#include "search/driver.h"
#include "search/search.h"
#include "stats/query_class.h"

PG_FUNCTION_INFO_V1(mm_calibrate);

/* Less of a table is too little to measure. */
#define LEAST_ROWS		1000

/* As many rows of the table are scanned. */
#define SCANNED_ROWS	200000

/* As many rows are read by their places, and are measured distances of. */
#define MOST_ROWS		2000

#define MOST_PAGES		2000

/* Searches whose entries are counted; and each time is the least of so many. */
#define SEARCHES		5
#define REPEATS			5

/* The searches that the result is tried on: how many, and for how many rows. */
#define TRIED_SEARCHES	20
#define TRIED_ROWS		10

/*
 * What is measured, in nanoseconds.
 */
typedef struct Times
{
	double		cost_unit;		/* of the planner's costs, as cpu_tuple_cost sees it */
	double		page;			/* of the index */
	double		entry;
	double		row;			/* of the table, by its place */
	double		distances[MM_MAX_COLUMNS];	/* -1: not measured */
	double		expected[MM_MAX_COLUMNS];	/* by the planner's costs */
	double		search;			/* of those that are tried, on average */
	double		search_pages;
	double		search_entries;
} Times;

typedef struct Calibration
{
	Relation	heap;
	Relation	index;
	MMColumns  *columns;
	MMMeta	   *meta;
	int			nrows;			/* sampled */
	ItemPointerData places[MOST_ROWS];
	Datum	   *values[MOST_ROWS];	/* of the columns */
	bool	   *isnull[MOST_ROWS];
	Times		times;
} Calibration;

static double
nanoseconds_since(instr_time begun)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, begun);
	return INSTR_TIME_GET_DOUBLE(now) * 1e9;
}

/* ---------- the table ---------- */

/*
 * Take the values of a row that is in the slot, if it has no place in the sample yet.
 */
static void
take_row(Calibration *c, int place, IndexInfo *info, TupleTableSlot *slot, EState *estate)
{
	Datum		keys[INDEX_MAX_KEYS];
	bool		keynulls[INDEX_MAX_KEYS];
	Datum	   *values = palloc(sizeof(Datum) * c->columns->n);

	c->isnull[place] = palloc(sizeof(bool) * c->columns->n);
	FormIndexDatum(info, slot, estate, keys, keynulls);
	mm_columns_values(c->columns, keys, keynulls, values, c->isnull[place]);
	for (int i = 0; i < c->columns->n; i++)
	{
		const MMColumn *column = &c->columns->columns[i];

		c->isnull[place][i] |= !OidIsValid(column->opclass) ||
			(!c->isnull[place][i] && mm_metric_is_null(&column->space, values[i]));
		if (!c->isnull[place][i])
			values[i] = column->typlen == -1 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(values[i])) :
				datumCopy(values[i], column->typbyval, column->typlen);
	}
	c->values[place] = values;
}

/*
 * Scan the table, and take a sample of its rows that are in the index.  (Rows that
 * are replaced in the sample leave memory behind, but few are.)
 */
static void
sample_rows(Calibration *c)
{
	IndexInfo  *info = BuildIndexInfo(c->index);
	EState	   *estate = CreateExecutorState();
	ExprContext *econtext = GetPerTupleExprContext(estate);
	TupleTableSlot *slot = table_slot_create(c->heap, NULL);
	TableScanDesc scan = table_beginscan(c->heap, GetActiveSnapshot(), 0, NULL);
	ExprState  *predicate = ExecPrepareQual(info->ii_Predicate, estate);
	MMRandom	random = {.seed = 18};
	int64		nrows = 0;

	econtext->ecxt_scantuple = slot;
	while (nrows < SCANNED_ROWS && table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		int64		place = nrows < MOST_ROWS ? nrows : mm_random_below(&random, nrows + 1);

		CHECK_FOR_INTERRUPTS();
		if (!ExecQual(predicate, econtext))
			continue;
		nrows++;
		if (place < MOST_ROWS)
		{
			c->places[place] = slot->tts_tid;
			take_row(c, (int) place, info, slot, estate);
		}
		ResetExprContext(econtext);
	}
	c->nrows = (int) Min(nrows, MOST_ROWS);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	FreeExecutorState(estate);
	if (nrows < LEAST_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" is too small to measure", RelationGetRelationName(c->index)),
				 errdetail("It has " INT64_FORMAT " rows that can be seen; there must be %d.", nrows, LEAST_ROWS)));
}

/*
 * How long the planner's unit of costs is: by the rows of a sequential scan.
 */
static double
measure_cost_unit(Calibration *c)
{
	double		best = get_float8_infinity();
	char	   *sql = psprintf("SELECT pg_catalog.count(*) FROM (SELECT FROM ONLY %s LIMIT %d) AS s",
							   quote_qualified_identifier(get_namespace_name(RelationGetNamespace(c->heap)),
														  RelationGetRelationName(c->heap)),
							   SCANNED_ROWS);

	SPI_connect();
	for (int i = 0; i < REPEATS; i++)
	{
		instr_time	begun;
		bool		isnull;
		int64		rows;

		INSTR_TIME_SET_CURRENT(begun);
		if (SPI_execute(sql, true, 0) != SPI_OK_SELECT)
			elog(ERROR, "could not count the rows of \"%s\"", RelationGetRelationName(c->heap));
		rows = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
		best = Min(best, nanoseconds_since(begun) / Max(rows, 1));
	}
	SPI_finish();
	return best / (cpu_tuple_cost + cpu_operator_cost);
}

/*
 * Reading a row by its place.
 */
static double
measure_row(Calibration *c)
{
	TupleTableSlot *slot = table_slot_create(c->heap, NULL);
	double		best = get_float8_infinity();

	for (int i = 0; i < REPEATS; i++)
	{
		IndexFetchTableData *fetch = table_index_fetch_begin(c->heap);
		instr_time	begun;

		INSTR_TIME_SET_CURRENT(begun);
		for (int r = 0; r < c->nrows; r++)
		{
			/* In an order that is not that of the table. */
			ItemPointerData tid = c->places[(int) ((int64) r * 7919 % c->nrows)];
			bool		call_again = false;
			bool		all_dead = false;

			CHECK_FOR_INTERRUPTS();
			if (table_index_fetch_tuple(fetch, &tid, GetActiveSnapshot(), slot, &call_again, &all_dead))
				slot_getallattrs(slot);
			ExecClearTuple(slot);
		}
		best = Min(best, nanoseconds_since(begun) / c->nrows);
		table_index_fetch_end(fetch);
	}
	ExecDropSingleTupleTableSlot(slot);
	return best;
}

/* ---------- distances ---------- */

/*
 * What the planner takes a distance of these two values to take.
 */
static double
expected_cost(const MMColumn *column, Datum a, Datum b)
{
	Oid			operator = column->space.operator;
	Oid			left;
	Oid			right;
	Expr	   *expr;
	QualCost	cost;

	op_input_types(operator, &left, &right);
	expr = make_opclause(operator, FLOAT8OID, false,
						 (Expr *) makeConst(left, -1, column->space.collation, column->typlen, a, false, column->typbyval),
						 (Expr *) makeConst(right, -1, column->space.collation, column->typlen, b, false, column->typbyval),
						 InvalidOid, column->space.collation);
	set_opfuncid((OpExpr *) expr);
	cost_qual_eval_node(&cost, (Node *) expr, NULL);
	return cost.per_tuple;
}

/*
 * Distances in a column of some rows from one of them.
 */
static void
measure_distances(Calibration *c, int i)
{
	MMColumn   *column = &c->columns->columns[i];
	double		best = get_float8_infinity();
	double		expected = 0.0;
	int			query = 0;
	int			n = 0;

	c->times.distances[i] = -1.0;
	if (!OidIsValid(column->opclass))
		return;
	while (query < c->nrows && c->isnull[query][i])
		query++;
	if (query == c->nrows)
		return;
	for (int repeat = 0; repeat < REPEATS; repeat++)
	{
		void	   *prepared = mm_metric_prepare(&column->space, c->values[query][i]);
		instr_time	begun;

		n = 0;
		INSTR_TIME_SET_CURRENT(begun);
		for (int r = 0; r < c->nrows; r++)
		{
			CHECK_FOR_INTERRUPTS();
			if (c->isnull[r][i])
				continue;
			(void) mm_metric_distance(&column->space, prepared, c->values[r][i], METRIC_NO_BOUND);
			n++;
		}
		best = Min(best, nanoseconds_since(begun) / n);
	}
	for (int r = 0; r < c->nrows; r++)
		if (!c->isnull[r][i])
			expected += expected_cost(column, c->values[query][i], c->values[r][i]);
	c->times.distances[i] = best;
	c->times.expected[i] = expected / n * c->times.cost_unit;
}

/* ---------- the index ---------- */

/*
 * Getting a page of the index that is in memory.
 */
static double
measure_page(Calibration *c)
{
	BlockNumber pages = RelationGetNumberOfBlocks(c->index);
	int			n = (int) Min(pages, MOST_PAGES);
	double		best = get_float8_infinity();

	for (int repeat = 0; repeat <= REPEATS; repeat++)
	{
		instr_time	begun;

		INSTR_TIME_SET_CURRENT(begun);
		for (int i = 0; i < n; i++)
		{
			Buffer		buffer = ReadBuffer(c->index, (BlockNumber) ((uint64) i * 7919 % pages));

			CHECK_FOR_INTERRUPTS();
			LockBuffer(buffer, BUFFER_LOCK_SHARE);
			UnlockReleaseBuffer(buffer);
		}
		/* The first time, they may not be in memory yet. */
		if (repeat > 0)
			best = Min(best, nanoseconds_since(begun) / n);
	}
	return best;
}

static void
ignore_candidate(const MMCandidate *candidate, void *state)
{
}

/*
 * The terms of a search for what is near to a sampled row, by all columns.  Returns
 * how many there are.
 */
static int
make_terms(const Calibration *c, int row, MMTerm *terms)
{
	int			n = 0;

	for (int i = 0; i < c->columns->n; i++)
		if (!c->isnull[row][i])
			terms[n++] = (MMTerm) {
			.column = i,
			.weight = 1.0,
			.scale = c->meta->columns[i].scale,
			.value = c->values[row][i],
			.missing = 1.0,
		};
	return n;
}

/*
 * Bounding the entries of the shared tree, by all columns.
 */
static double
measure_entry(Calibration *c)
{
	double		best = get_float8_infinity();

	for (int i = 0; i < SEARCHES * REPEATS; i++)
	{
		MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb calibration",
													  ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(context);
		MMTerm		terms[MM_MAX_COLUMNS];
		int			n = make_terms(c, (int) ((int64) (i % SEARCHES) * c->nrows / SEARCHES), terms);
		/* Many leaves are read, and most of their entries are too far away. */
		MMSearch   *search = mm_search_begin(c->index, c->columns, terms, n, false, 0.25 * n);
		const MMSearchStats *stats;
		instr_time	begun;
		double		taken;

		INSTR_TIME_SET_CURRENT(begun);
		mm_search_all(search, ignore_candidate, NULL);
		taken = nanoseconds_since(begun);
		stats = mm_search_stats(search);
		taken -= (stats->leaf_pages + stats->inner_pages) * c->times.page;
		if (stats->bounded > 0 && n > 0)
			best = Min(best, Max(taken, 0.0) / stats->bounded);
		mm_search_end(search);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
	}
	if (isinf(best) || !(best > 0))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" is too small to measure", RelationGetRelationName(c->index))));
	return best;
}

/*
 * One search for the nearest rows.  (Rows are verified elsewhere; here each candidate
 * is taken to be as far away as its bound.)
 */
static void
try_search(Calibration *c, int row, double *nanoseconds, MMSearchStats *stats)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb calibration",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MMTerm		terms[MM_MAX_COLUMNS];
	int			n = make_terms(c, row, terms);
	instr_time	begun;
	MMCandidate candidate;
	MMSearch   *search;

	INSTR_TIME_SET_CURRENT(begun);
	search = mm_search_begin(c->index, c->columns, terms, n, true, get_float8_infinity());
	mm_search_wanted(search, TRIED_ROWS);
	mm_search_table(search, c->heap);
	for (int i = 0; i < TRIED_ROWS && mm_search_next(search, &candidate); i++)
		CHECK_FOR_INTERRUPTS();
	*nanoseconds = Min(*nanoseconds, nanoseconds_since(begun));
	*stats = *mm_search_stats(search);
	mm_search_end(search);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

static void
try_searches(Calibration *c)
{
	Times	   *t = &c->times;

	for (int i = 0; i < TRIED_SEARCHES; i++)
	{
		double		best = get_float8_infinity();
		MMSearchStats stats;

		for (int repeat = 0; repeat < REPEATS; repeat++)
			try_search(c, (int) ((int64) i * c->nrows / TRIED_SEARCHES), &best, &stats);
		t->search += best / TRIED_SEARCHES;
		t->search_pages += (double) (stats.inner_pages + stats.leaf_pages) / TRIED_SEARCHES;
		t->search_entries += (double) stats.bounded / TRIED_SEARCHES;
	}
}

static void
measure_index(Calibration *c)
{
	int			driver = mm_driver_setting;

	c->times.page = measure_page(c);
	mm_driver_setting = MM_DRIVER_SHARED;
	PG_TRY();
	{
		c->times.entry = measure_entry(c);
		try_searches(c);
	}
	PG_FINALLY();
	{
		mm_driver_setting = driver;
	}
	PG_END_TRY();
}

/* ---------- the result ---------- */

/*
 * Put a row: what was measured, and the setting that follows from it, or NULL.
 */
static void
put(FunctionCallInfo fcinfo, const char *what, double nanoseconds, const char *setting,
	double present, double suggested)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[6];
	bool		nulls[6] = {false};
	const char *number = suggested >= 100 ? psprintf("%.0f", suggested) : psprintf("%.2g", suggested);

	values[0] = CStringGetTextDatum(what);
	values[1] = Float8GetDatum(nanoseconds);
	nulls[1] = isnan(nanoseconds);
	for (int i = 2; i < 6; i++)
		nulls[i] = setting == NULL;
	if (setting != NULL)
	{
		values[2] = CStringGetTextDatum(setting);
		values[3] = Float8GetDatum(present);
		values[4] = DirectFunctionCall1(float8in, CStringGetDatum(number));
		values[5] = CStringGetTextDatum(psprintf("ALTER SYSTEM SET %s = %s", setting, number));
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * The settings for pages that are not in memory, where everything is.
 */
static void
put_page_settings(FunctionCallInfo fcinfo, const Calibration *c)
{
	double		cost = c->times.page / c->times.cost_unit;
	double		random_page_cost_here;

	if ((double) RelationGetNumberOfBlocks(c->index) + RelationGetNumberOfBlocks(c->heap) > NBuffers)
		return;
	get_tablespace_page_costs(c->index->rd_rel->reltablespace, &random_page_cost_here, NULL);
	put(fcinfo, "the same, as index and table fit into shared_buffers", c->times.page,
		"mmdb.index_pages_per_miss", mm_cost_model.index_pages_per_miss,
		Max(random_page_cost_here / cost, 1));
	get_tablespace_page_costs(c->heap->rd_rel->reltablespace, &random_page_cost_here, NULL);
	put(fcinfo, "a page of the table, likewise", c->times.page,
		"mmdb.table_pages_per_miss", mm_cost_model.table_pages_per_miss,
		Max(random_page_cost_here / cost, 1));
}

/*
 * What the searches that were tried take, as the settings see it, and as what was
 * measured does.
 */
static void
put_trial(FunctionCallInfo fcinfo, const Calibration *c)
{
	const Times *t = &c->times;
	double		random_page_cost_here;

	get_tablespace_page_costs(c->index->rd_rel->reltablespace, &random_page_cost_here, NULL);
	put(fcinfo, psprintf("a search of the index for the nearest %d", TRIED_ROWS), t->search, NULL, 0, 0);
	put(fcinfo, "the same, by the present settings",
		t->cost_unit * (t->search_pages * random_page_cost_here / mm_cost_model.index_pages_per_miss +
						t->search_entries * cpu_operator_cost * mm_cost_model.bounding), NULL, 0, 0);
	put(fcinfo, "the same, by what was measured", t->search_pages * t->page + t->search_entries * t->entry,
		NULL, 0, 0);
}

static void
put_results(FunctionCallInfo fcinfo, const Calibration *c)
{
	const Times *t = &c->times;
	double		distances = 0.0;
	double		sized = 0.0;	/* of types whose price depends on the size */
	double		expected = 0.0;

	for (int i = 0; i < c->columns->n; i++)
	{
		if (t->distances[i] < 0)
			continue;
		distances += t->distances[i];
		if (!mm_class_is_number(c->columns->columns[i].type) && c->columns->columns[i].space.routine != NULL)
		{
			sized += t->distances[i];
			expected += t->expected[i];
		}
	}
	put(fcinfo, "a row of a sequential scan", t->cost_unit * cpu_tuple_cost, NULL, 0, 0);
	put(fcinfo, "an entry of the index, bounded by all columns", t->entry, "mmdb.entry_cost",
		mm_cost_model.bounding, Max(t->entry / (t->cost_unit * cpu_operator_cost), 0.001));
	put(fcinfo, "a page of the index, in memory", t->page, "mmdb.entries_per_page",
		mm_cost_model.entries_per_page, Max(rint(t->page / t->entry), 1));
	put_page_settings(fcinfo, c);
	put(fcinfo, "a row of the table by its place, with all distances", t->row + distances, "mmdb.entries_per_row",
		mm_cost_model.entries_per_row, Max(rint((t->row + distances) / t->entry), 1));
	for (int i = 0; i < c->columns->n; i++)
		if (t->distances[i] >= 0)
			put(fcinfo, psprintf("a distance in column \"%s\"", c->columns->columns[i].name),
				t->distances[i], NULL, 0, 0);
	if (expected > 0)
		put(fcinfo, "distances of vectors, texts, arrays and bits, together", sized, "mmdb.distance_cost",
			mm_distance_cost_factor, Max(sized / expected * mm_distance_cost_factor, 0.001));
	put_trial(fcinfo, c);
}

/*
 * The largest index of this database whose statistics the user may know; its OID, or
 * InvalidOid.
 */
static Oid
largest_index(void)
{
	Oid			result = InvalidOid;

	SPI_connect();
	if (SPI_execute("SELECT i.indexrelid FROM pg_catalog.pg_index i"
					" JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid"
					" JOIN pg_catalog.pg_am a ON a.oid OPERATOR(pg_catalog.=) c.relam"
					" WHERE a.amname OPERATOR(pg_catalog.=) 'mmdb' AND c.relkind OPERATOR(pg_catalog.=) 'i'"
					" AND i.indisvalid AND NOT pg_catalog.pg_is_other_temp_schema(c.relnamespace)"
					" AND pg_catalog.has_table_privilege(i.indrelid, 'SELECT')"
					" AND NOT pg_catalog.row_security_active(i.indrelid)"
					" ORDER BY pg_catalog.pg_relation_size(i.indexrelid) DESC, i.indexrelid LIMIT 1",
					true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not look for an index");
	if (SPI_processed > 0)
	{
		bool		isnull;

		result = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	}
	SPI_finish();
	if (!OidIsValid(result))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no mmdb index to measure"),
				 errhint("Costs are measured on an index of a table that you may read, as large as those you have.")));
	return result;
}

/*
 * mm_calibrate(index_name)
 */
Datum
mm_calibrate(PG_FUNCTION_ARGS)
{
	Calibration *c = palloc0(sizeof(Calibration));

	InitMaterializedSRF(fcinfo, 0);
	c->index = mm_index_open(PG_ARGISNULL(0) ? largest_index() : PG_GETARG_OID(0), false);
	mm_index_require_valid(c->index);
	if (c->index->rd_rel->relkind == RELKIND_PARTITIONED_INDEX)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is a partitioned index", RelationGetRelationName(c->index)),
				 errhint("Name the index of one of the partitions.")));
	c->heap = table_open(c->index->rd_index->indrelid, AccessShareLock);
	c->columns = mm_columns_open(c->index);
	for (int i = 0; i < c->columns->n; i++)
		mm_statistics_require(c->columns, i, "Measuring reads the table's rows.");
	c->meta = mm_meta_read(c->index, c->columns->n);

	sample_rows(c);
	c->times.cost_unit = measure_cost_unit(c);
	c->times.row = measure_row(c);
	for (int i = 0; i < c->columns->n; i++)
		measure_distances(c, i);
	measure_index(c);
	put_results(fcinfo, c);
	table_close(c->heap, AccessShareLock);
	index_close(c->index, AccessShareLock);
	return (Datum) 0;
}
