/*-------------------------------------------------------------------------
 *
 * measure_costs.c
 *	  What mm_calibrate measures; see calibrate.c.
 *
 * What is measured is in memory: it is read before the clock runs.  Each time is the
 * least of several, because whatever else the machine does can only add to it.
 *
 * All of it runs as the table's owner, whose functions the index may call, also while a
 * query of the table is planned: the user need not even have named the index.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
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

#include "am/calibrate.h"
#include "base/random.h"
#include "compat.h"
#include "index/owner.h"
#include "search/driver.h"
#include "search/search.h"

/* Less of a table is too little to measure. */
#define LEAST_ROWS		1000

/* As many rows of the table are scanned. */
#define SCANNED_ROWS	200000

#define MOST_PAGES		2000

/* Searches whose entries are counted; and each time is the least of so many. */
#define SEARCHES		5
#define REPEATS			5

/* As many searches are tried. */
#define TRIED_SEARCHES	20

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
 * Take the values of a row that is in the slot for the sample, in a context of their
 * own; whatever had the place is forgotten.
 */
static void
take_row(MMCalibration *c, int place, IndexInfo *info, TupleTableSlot *slot, EState *estate)
{
	Datum		keys[INDEX_MAX_KEYS];
	bool		keynulls[INDEX_MAX_KEYS];
	MemoryContext old;

	if (c->contexts[place] == NULL)
		c->contexts[place] = AllocSetContextCreate(CurrentMemoryContext, "mmdb calibration row",
												   ALLOCSET_SMALL_SIZES);
	MemoryContextReset(c->contexts[place]);
	FormIndexDatum(info, slot, estate, keys, keynulls);
	old = MemoryContextSwitchTo(c->contexts[place]);
	c->places[place] = slot->tts_tid;
	c->values[place] = palloc(sizeof(Datum) * c->columns->n);
	c->isnull[place] = palloc(sizeof(bool) * c->columns->n);
	mm_columns_values(c->columns, keys, keynulls, c->values[place], c->isnull[place]);
	for (int i = 0; i < c->columns->n; i++)
	{
		const MMColumn *column = &c->columns->columns[i];
		Datum	   *value = &c->values[place][i];

		c->isnull[place][i] |= !OidIsValid(column->opclass) ||
			(!c->isnull[place][i] && mm_metric_is_null(&column->space, *value));
		if (!c->isnull[place][i])
			*value = column->typlen == -1 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(*value)) :
				datumCopy(*value, column->typbyval, column->typlen);
	}
	MemoryContextSwitchTo(old);
}

/*
 * Scan the table, and take a sample of its rows that are in the index: fewer of them
 * if they are large.
 */
static void
sample_rows(MMCalibration *c)
{
	IndexInfo  *info = BuildIndexInfo(c->index);
	EState	   *estate = CreateExecutorState();
	ExprContext *econtext = GetPerTupleExprContext(estate);
	TupleTableSlot *slot = table_slot_create(c->heap, NULL);
	TableScanDesc scan = table_beginscan(c->heap, GetActiveSnapshot(), 0, NULL);
	ExprState  *predicate = ExecPrepareQual(info->ii_Predicate, estate);
	MMRandom	random = {.seed = 18};
	int64		nrows = 0;
	int			most = MM_CALIBRATED_ROWS;
	Size		used = 0;

	econtext->ecxt_scantuple = slot;
	while (nrows < SCANNED_ROWS && table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		int64		place = nrows < most ? nrows : mm_random_below(&random, nrows + 1);

		CHECK_FOR_INTERRUPTS();
		if (!ExecQual(predicate, econtext))
			continue;
		nrows++;
		if (place < most)
			take_row(c, (int) place, info, slot, estate);
		if (nrows <= most)
		{
			used += MemoryContextMemAllocated(c->contexts[place], false);
			if (used > (Size) maintenance_work_mem * 1024)
				most = (int) nrows;
		}
		ResetExprContext(econtext);
	}
	c->nrows = (int) Min(nrows, most);
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
measure_cost_unit(MMCalibration *c)
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
measure_row(MMCalibration *c)
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
measure_distances(MMCalibration *c, int i)
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
measure_page(MMCalibration *c)
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
make_terms(const MMCalibration *c, int row, MMTerm *terms)
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
measure_entry(MMCalibration *c)
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
try_search(MMCalibration *c, int row, double *nanoseconds, MMSearchStats *stats)
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
	mm_search_wanted(search, MM_TRIED_ROWS);
	mm_search_table(search, c->heap);
	for (int i = 0; i < MM_TRIED_ROWS && mm_search_next(search, &candidate); i++)
		CHECK_FOR_INTERRUPTS();
	*nanoseconds = Min(*nanoseconds, nanoseconds_since(begun));
	*stats = *mm_search_stats(search);
	mm_search_end(search);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

static void
try_searches(MMCalibration *c)
{
	MMTimes    *t = &c->times;

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
measure_index(MMCalibration *c)
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

void
mm_calibration_measure(MMCalibration *c)
{
	MMAsOwner	before = mm_as_owner(c->heap);

	sample_rows(c);
	c->times.cost_unit = measure_cost_unit(c);
	c->times.row = measure_row(c);
	for (int i = 0; i < c->columns->n; i++)
		measure_distances(c, i);
	measure_index(c);
	mm_as_self(&before);
}
