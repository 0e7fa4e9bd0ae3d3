/*-------------------------------------------------------------------------
 *
 * index_search.c
 *	  odbknn and odbrange by the index: candidates in the order of their lower
 *	  bounds, each verified by reading its row and computing its distance,
 *	  until no bound is left below the k-th distance (the optimal multi-step
 *	  order of Seidl and Kriegel, "Optimal multi-step k-nearest neighbor
 *	  search", 1998) or below the radius.
 *
 * Distances are the operators' own, weighted and added up in the order and by
 * the operations of the SQL that the search stands for (distance_sql.c), so
 * they are the same to the last bit.
 *
 * It is used only where it reads what the SELECT would: a plain table without
 * children or row-level security, whose columns the user may all read.  And
 * it gives up, for the SELECT to be run, when it has done more work than a
 * sequential scan is worth.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/relscan.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "catalog/index.h"
#include "catalog/pg_operator.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/plancat.h"
#include "pgstat.h"
#include "storage/predicate.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/tuplesort.h"

#include "am/search.h"
#include "compat.h"
#include "query/query.h"

/*
 * Verifying a row costs about as much as a sequential scan takes for this many
 * rows, and bounding this many entries as much as verifying one.
 */
#define ROWS_PER_VERIFICATION		4
#define ENTRIES_PER_VERIFICATION	50

/* A row of the answer. */
typedef struct Found
{
	double		distance;
	bool		is_null;
	HeapTuple	row;
} Found;

typedef struct IndexSearch
{
	Relation	table;
	const MMSqlStyle *style;
	const MMTerms *terms;
	double		total_weight;
	void	   *prepared[MM_MAX_COLUMNS];	/* for each term */
	MMSearch   *search;
	IndexFetchTableData *fetch;
	TupleTableSlot *slot;
	IndexInfo  *indexInfo;
	EState	   *estate;
	MemoryContext scratch;		/* reset for each row */
	int64		verified;
	int64		worth;			/* verifications a sequential scan is worth */

	/* the k nearest so far: a heap, the farthest first */
	int64		k;
	int64		nfound;
	Found	   *found;

	/* or all within a radius */
	double		radius;
	Tuplesortstate *sort;
	TupleTableSlot *result;
} IndexSearch;

/*
 * How many rows a table has, about.
 */
static double
estimate_rows(Relation table)
{
	BlockNumber pages;
	double		rows;
	double		all_visible;

	estimate_rel_size(table, NULL, &pages, &rows, &all_visible);
	return rows;
}

/*
 * May the index answer for this table, of so many rows, and user?
 */
static bool
index_fits(Relation table, double rows, const MMSqlStyle *style,
		   const MMTerms *terms, int64 k)
{
	Relation	index = style->index;

	if (!enable_indexscan ||
		index->rd_rel->relkind != RELKIND_INDEX ||
		index->rd_index->indrelid != RelationGetRelid(table) ||
		table->rd_rel->relkind != RELKIND_RELATION ||
		table->rd_rel->relhassubclass ||
		MM_HAS_VIRTUAL_COLUMNS(RelationGetDescr(table)) ||
		RelationGetIndexPredicate(index) != NIL)
		return false;
	if (pg_class_aclcheck(RelationGetRelid(table), GetUserId(), ACL_SELECT) != ACLCHECK_OK ||
		check_enable_rls(RelationGetRelid(table), InvalidOid, true) != RLS_NONE)
		return false;
	for (int i = 0; i < terms->n; i++)
	{
		Oid			operator = style->columns->columns[terms->terms[i].column].space.operator;

		if (!mm_may_execute(get_opcode(operator)))
			return false;
	}
	/* As the planner has it for indexes made over broken HOT chains. */
	if (index->rd_index->indcheckxmin &&
		!TransactionIdPrecedes(HeapTupleHeaderGetXmin(index->rd_indextuple->t_data),
							   TransactionXmin))
		return false;
	/* Most of the table is better read as it lies. */
	return k < Max(rows / 10, 1000);
}

/* ---------- distances ---------- */

/*
 * The columns' values of the row in the slot, where they have weight.
 */
static void
row_values(IndexSearch *s, Datum *values, bool *isnull)
{
	const MMColumns *columns = s->style->columns;
	const int2vector *attributes = &s->style->index->rd_index->indkey;

	if (columns->composite != NULL || s->indexInfo->ii_Expressions != NIL)
	{
		Datum		keys[INDEX_MAX_KEYS];
		bool		keynulls[INDEX_MAX_KEYS];

		GetPerTupleExprContext(s->estate)->ecxt_scantuple = s->slot;
		FormIndexDatum(s->indexInfo, s->slot, s->estate, keys, keynulls);
		mm_columns_values(columns, keys, keynulls, values, isnull);
		return;
	}
	for (int i = 0; i < s->terms->n; i++)
	{
		int			c = s->terms->terms[i].column;

		values[c] = slot_getattr(s->slot, attributes->values[columns->columns[c].key], &isnull[c]);
	}
}

/*
 * The distance of the row in the slot, if at most bound; otherwise any number
 * above it.  *is_null: it is NULL.
 */
static double
row_distance(IndexSearch *s, double bound, bool *is_null)
{
	const MMSqlStyle *style = s->style;
	Datum		values[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];
	double		present = 0.0;
	double		sum = 0.0;

	*is_null = false;
	row_values(s, values, isnull);
	for (int i = 0; i < s->terms->n; i++)
	{
		const MMTerm *term = &s->terms->terms[i];
		MetricSpace *space = &((MMColumns *) style->columns)->columns[term->column].space;
		double		scale = style->normalized ? term->scale : 1.0;
		double		distance;
		double		most = bound;

		if (isnull[term->column])
		{
			if (style->missing == MISSING_EXCLUDE)
			{
				*is_null = true;
				return 0.0;
			}
			if (style->missing == MISSING_PENALTY)
				sum += term->weight * (style->normalized ? 1.0 : term->scale);
			continue;
		}
		present += term->weight;
		/* What this distance may be; rounding must not make a difference. */
		if (isfinite(bound))
			most = ((bound - sum) + bound * 1e-12) / term->weight * scale;
		distance = mm_metric_distance(space, s->prepared[i], values[term->column], Max(most, 0.0));
		sum += term->weight * (distance / scale);
		if (sum > bound)
			return sum;
	}
	if (style->missing == MISSING_IGNORE && present < s->total_weight)
	{
		*is_null = present == 0.0;
		sum = sum * (s->total_weight / present);
	}
	return sum;
}

/* ---------- answers ---------- */

/* Does a come after b? */
static bool
after(const Found *a, const Found *b)
{
	if (a->is_null != b->is_null)
		return a->is_null;
	return !a->is_null && float8_cmp_internal(a->distance, b->distance) > 0;
}

static void
sift_down(Found *heap, int64 n, int64 i)
{
	Found		moved = heap[i];

	for (;;)
	{
		int64		child = 2 * i + 1;

		if (child >= n)
			break;
		if (child + 1 < n && after(&heap[child + 1], &heap[child]))
			child++;
		if (!after(&heap[child], &moved))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = moved;
}

/*
 * Keep a row if it is among the k nearest so far.
 */
static void
keep_nearest(IndexSearch *s, Found row)
{
	int64		i;

	if (s->nfound == s->k)
	{
		if (!after(&s->found[0], &row))
			return;
		heap_freetuple(s->found[0].row);
		row.row = ExecCopySlotHeapTuple(s->slot);
		s->found[0] = row;
		sift_down(s->found, s->nfound, 0);
	}
	else
	{
		if ((s->nfound & (s->nfound - 1)) == 0)
			s->found = s->nfound == 0 ? palloc(sizeof(Found)) :
				repalloc_huge(s->found, sizeof(Found) * s->nfound * 2);
		row.row = ExecCopySlotHeapTuple(s->slot);
		for (i = s->nfound++; i > 0 && after(&row, &s->found[(i - 1) / 2]); i = (i - 1) / 2)
			s->found[i] = s->found[(i - 1) / 2];
		s->found[i] = row;
	}
	if (s->nfound == s->k && !s->found[0].is_null)
		mm_search_bound(s->search, s->found[0].distance);
}

static void
set_result(IndexSearch *s, HeapTuple row, double distance, bool is_null)
{
	/* Columns added to the table since have their values outside the row. */
	if (HeapTupleHeaderGetNatts(row->t_data) < RelationGetDescr(s->table)->natts)
		row = heap_expand_tuple(row, RelationGetDescr(s->table));
	ExecClearTuple(s->result);
	s->result->tts_values[0] = heap_copy_tuple_as_datum(row, RelationGetDescr(s->table));
	s->result->tts_values[1] = Float8GetDatum(distance);
	s->result->tts_isnull[0] = false;
	s->result->tts_isnull[1] = is_null;
	ExecStoreVirtualTuple(s->result);
}

/*
 * Keep a row within the radius.
 */
static void
keep_within(IndexSearch *s, Found row)
{
	MemoryContext old;
	bool		should_free;

	if (row.is_null || !(row.distance <= s->radius))
		return;
	old = MemoryContextSwitchTo(s->scratch);
	set_result(s, ExecFetchSlotHeapTuple(s->slot, false, &should_free), row.distance, false);
	tuplesort_puttupleslot(s->sort, s->result);
	ExecClearTuple(s->result);
	MemoryContextSwitchTo(old);
}

/*
 * Verify candidates until no other can be an answer.  False if that is too
 * much work.
 */
static bool
verify(IndexSearch *s)
{
	MMCandidate candidate;
	const MMSearchStats *stats = mm_search_stats(s->search);

	while (mm_search_next(s->search, &candidate))
	{
		bool		call_again = false;
		bool		all_dead = false;
		bool		full = s->k > 0 && s->nfound == s->k && !s->found[0].is_null;
		double		bound = s->k == 0 ? s->radius :
			full ? s->found[0].distance : get_float8_infinity();
		MemoryContext old;
		Found		row;

		CHECK_FOR_INTERRUPTS();
		if (++s->verified + stats->bounded / ENTRIES_PER_VERIFICATION > s->worth)
			return false;
		if (!table_index_fetch_tuple(s->fetch, &candidate.tid, GetActiveSnapshot(), s->slot,
									 &call_again, &all_dead))
			continue;
		pgstat_count_heap_fetch(s->style->index);
		old = MemoryContextSwitchTo(s->scratch);
		row.distance = row_distance(s, bound, &row.is_null);
		MemoryContextSwitchTo(old);
		if (row.is_null && s->style->missing == MISSING_EXCLUDE)
			 /* no answer */ ;
		else if (s->k > 0)
			keep_nearest(s, row);
		else
			keep_within(s, row);
		MemoryContextReset(s->scratch);
		if (s->indexInfo->ii_Expressions != NIL)
			ResetPerTupleExprContext(s->estate);
	}
	return true;
}

/*
 * Hand over what was found, the nearest first.
 */
static void
finish(IndexSearch *s, Tuplestorestate *store)
{
	if (s->k == 0)
	{
		TupleTableSlot *slot = MakeSingleTupleTableSlot(s->result->tts_tupleDescriptor,
														&TTSOpsMinimalTuple);

		tuplesort_performsort(s->sort);
		while (tuplesort_gettupleslot(s->sort, true, false, slot, NULL))
		{
			tuplestore_puttupleslot(store, slot);
			CHECK_FOR_INTERRUPTS();
		}
		ExecDropSingleTupleTableSlot(slot);
		return;
	}
	for (int64 n = s->nfound; n > 1;)
	{
		Found		farthest = s->found[0];

		s->found[0] = s->found[--n];
		sift_down(s->found, n, 0);
		s->found[n] = farthest;
	}
	for (int64 i = 0; i < s->nfound; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(s->scratch);

		set_result(s, s->found[i].row, s->found[i].distance, s->found[i].is_null);
		tuplestore_puttupleslot(store, s->result);
		ExecClearTuple(s->result);
		MemoryContextSwitchTo(old);
		MemoryContextReset(s->scratch);
	}
}

/* ---------- beginning and end ---------- */

static void
begin_search(IndexSearch *s, const MMSqlStyle *style, const MMTerms *terms)
{
	MMColumns  *columns = (MMColumns *) style->columns;
	MMSearchTerm wanted[MM_MAX_COLUMNS];

	for (int i = 0; i < terms->n; i++)
	{
		const MMTerm *term = &terms->terms[i];
		const MMColumn *column = &columns->columns[term->column];

		s->total_weight += term->weight;
		s->prepared[i] = mm_metric_prepare(&column->space, term->value);
		wanted[i] = (MMSearchTerm) {
			.column = term->column,
			.factor = style->normalized ? term->weight / term->scale : term->weight,
			.value = column->typlen == -1 ?
			PointerGetDatum(PG_DETOAST_DATUM(term->value)) : term->value,
			.missing = style->missing == MISSING_EXCLUDE ? MM_MISSING_NULL :
			style->missing == MISSING_IGNORE ? 0.0 :
			term->weight * (style->normalized ? 1.0 : term->scale),
		};
	}
	s->search = mm_search_begin(style->index, columns, wanted, terms->n, false,
								s->k == 0 ? s->radius : get_float8_infinity());
	mm_search_prefetch(s->search, s->table);
}

bool
mm_index_search(Relation table, const MMSqlStyle *style, const MMTerms *terms,
				int64 k, double radius, TupleDesc desc, Tuplestorestate *store)
{
	IndexSearch s = {0};
	MemoryContext context;
	MemoryContext old;
	double		rows = estimate_rows(table);
	bool		done;

	if (!index_fits(table, rows, style, terms, k))
		return false;

	context = AllocSetContextCreate(CurrentMemoryContext, "mmdb index search",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	s.table = table;
	s.style = style;
	s.terms = terms;
	s.k = k;
	s.radius = radius;
	s.worth = (int64) Max(rows, 1000) / ROWS_PER_VERIFICATION;
	s.scratch = AllocSetContextCreate(context, "mmdb index search row",
									  ALLOCSET_DEFAULT_SIZES);
	s.result = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	s.slot = table_slot_create(table, NULL);
	s.fetch = table_index_fetch_begin(table);
	s.indexInfo = BuildIndexInfo(style->index);
	s.estate = CreateExecutorState();
	if (k == 0)
	{
		AttrNumber	key = 2;
		Oid			less = Float8LessOperator;
		Oid			collation = InvalidOid;
		bool		nulls_first = false;

		s.sort = tuplesort_begin_heap(desc, 1, &key, &less, &collation, &nulls_first,
									  work_mem, NULL, false);
	}

	/* As index_beginscan does it: any insertion may be one of our phantoms. */
	PredicateLockRelation(style->index, GetActiveSnapshot());
	pgstat_count_index_scan(style->index);
	begin_search(&s, style, terms);
	done = verify(&s);
	pgstat_count_index_tuples(style->index, mm_search_stats(s.search)->candidates);
	if (done)
		finish(&s, store);

	mm_search_end(s.search);
	if (s.sort != NULL)
		tuplesort_end(s.sort);
	FreeExecutorState(s.estate);
	table_index_fetch_end(s.fetch);
	ExecDropSingleTupleTableSlot(s.slot);
	ExecDropSingleTupleTableSlot(s.result);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return done;
}
