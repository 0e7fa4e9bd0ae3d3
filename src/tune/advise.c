/*-------------------------------------------------------------------------
 *
 * advise.c
 *	  mm_advise: measures what changes of an index would do for a workload.
 *
 * What is worth a trial is tried in a sampled copy of the table (copy.h), with the
 * workload's queries, beside the index as it is.  What promises something is tried
 * again in a copy of a quarter of the rows: how the gain changes from one to the
 * other tells how it will change up to the whole table.  The present index of the
 * whole table is measured, too; the ratio that the copies tell is applied to that.
 *
 * Nothing is changed, and nothing that slows down a class of queries is advised.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/rel.h"

#include "compat.h"
#include "tune/advice.h"
#include "tune/arguments.h"

PG_FUNCTION_INFO_V1(mm_advise);

enum
{
	ARG_INDEX,
	ARG_WORKLOAD,
	ARG_QUERIES,
	ARG_ROWS,
	ARG_SEED,
	ARG_LEAST_GAIN
};

#define MAX_QUERIES		10000

/* The smaller copy has this part of the larger one's rows. */
#define SMALL_PART		4

/* A trend is followed at most this far: by so many times the logarithm of the ratio. */
#define MOST_TREND		0.5

/* No class of queries may become slower than by this. */
#define CLASS_TOLERANCE	0.1

/* What makes an index this much smaller is worth to be mentioned. */
#define SMALLER			0.85

/* So many of the best single changes of parameters are combined. */
#define COMBINED		3

/* No more than so many changes of parameters are listed, as only one can be made. */
#define MOST_LISTED		3

typedef struct Advising
{
	MMWorkload *workload;
	MMCopy	   *copy;
	MMCopy	   *small;			/* NULL: there is none */
	double		least_gain;
	MMEffort   *real;			/* of the tasks, in the table as it is */
	MMEffort   *before;			/* in the larger copy */
	MMEffort   *before_small;
	double		bytes_before;	/* of the index over the larger copy */
	double		real_bytes;
} Advising;

/* ---------- what measurements say ---------- */

/*
 * A mean over tasks, by calls: of their work, pages or times.
 */
static double
mean_of(const MMWorkload *workload, const MMEffort *each, size_t member)
{
	double		sum = 0.0;
	double		calls = 0.0;

	for (int i = 0; i < workload->n; i++)
	{
		sum += *(const double *) ((const char *) &each[i] + member) * workload->tasks[i].calls;
		calls += workload->tasks[i].calls;
	}
	return sum / calls;
}

#define MEAN_WORK(a, each)	mean_of((a)->workload, each, offsetof(MMEffort, work))

static double
error_of_ratio(const MMWorkload *workload, const MMEffort *before, const MMEffort *after, double ratio)
{
	double	   *x = palloc(sizeof(double) * workload->n);
	double	   *y = palloc(sizeof(double) * workload->n);

	for (int i = 0; i < workload->n; i++)
	{
		x[i] = before[i].work;
		y[i] = after[i].work;
	}
	return mm_effort_error(workload, x, y, ratio);
}

/*
 * The logarithm of the ratio for the whole table, by the trend from the smaller copy
 * to the larger one.
 */
static double
extrapolated(const Advising *advising, const MMAdvice *advice, double ratio)
{
	double		log_ratio = log(Max(ratio, 1e-6));
	double		small;
	double		trend;
	double		limit;

	if (advising->small == NULL || advice->each_small == NULL)
		return log_ratio;
	small = MEAN_WORK(advising, advice->each_small) / Max(MEAN_WORK(advising, advising->before_small), 1e-6);
	trend = (log_ratio - log(Max(small, 1e-6))) / log(advising->copy->rows / advising->small->rows) *
		log(Max(advising->workload->rows / advising->copy->rows, 1.0));
	limit = MOST_TREND * fabs(log_ratio);
	return log_ratio + Min(Max(trend, -limit), limit);
}

/*
 * By how much the class of queries that suffers most from a change becomes slower, as
 * a ratio of work.  *columns gets the class: the columns with weight.
 */
static double
worst_class(const Advising *advising, const MMEffort *after, uint32 *columns)
{
	const MMWorkload *workload = advising->workload;
	double		worst = 0.0;

	for (int i = 0; i < workload->n; i++)
	{
		double		sum_before = 0.0;
		double		sum_after = 0.0;

		for (int j = 0; j < workload->n; j++)
			if (workload->tasks[j].columns == workload->tasks[i].columns)
			{
				sum_before += advising->before[j].work * workload->tasks[j].calls;
				sum_after += after[j].work * workload->tasks[j].calls;
			}
		if (sum_after > worst * sum_before)
		{
			worst = sum_after / sum_before;
			*columns = workload->tasks[i].columns;
		}
	}
	return worst;
}

/* ---------- trials ---------- */

static MMEffort *
run_all(const Advising *advising, const MMCopy *copy)
{
	const MMWorkload *workload = advising->workload;
	MMEffort   *each = palloc(sizeof(MMEffort) * workload->n);
	MMEffort	mean;

	mm_effort_of_tasks(workload, 0, workload->n, copy->table, copy->rows, false, each, &mean);
	return each;
}

static MMTrialIndex
build_present(const Advising *advising, MMCopy *copy)
{
	MMParameters has = mm_parameters_get(advising->workload->learner->index);

	return mm_copy_build(copy, mm_all_columns(advising->workload), mm_parameters_sql(&has));
}

/*
 * Try a change in one of the copies, where the present index is if the change leaves
 * it.  bytes and seconds may be NULL.
 */
static MMEffort *
try_in(const Advising *advising, MMCopy *copy, const MMAdvice *advice, double *bytes, double *seconds)
{
	MMTrialIndex index = {0};
	MMEffort   *each;
	int			level = NewGUCNestLevel();

	if (advice->kind == MM_CHANGE_SETTING)
		(void) set_config_option("work_mem", advice->setting, PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	else if (advice->kind == MM_CHANGE_BTREE)
		index = mm_copy_build_other(copy, advice->definition);
	else
		index = mm_copy_build(copy, advice->columns, mm_parameters_sql(&advice->parameters));
	each = run_all(advising, copy);
	if (OidIsValid(index.oid))
		mm_copy_unbuild(copy, &index);
	AtEOXact_GUC(true, level);
	if (bytes != NULL)
		*bytes = index.bytes;
	if (seconds != NULL)
		*seconds = index.seconds;
	return each;
}

/*
 * Does a change leave the present index as it is?
 */
static bool
is_beside(const MMAdvice *advice)
{
	return advice->kind == MM_CHANGE_EXTRA || advice->kind == MM_CHANGE_BTREE || advice->kind == MM_CHANGE_SETTING;
}

static double
ratio_in_copy(const Advising *advising, const MMAdvice *advice)
{
	return advice->work / Max(MEAN_WORK(advising, advising->before), 1e-6);
}

static void
try_change(const Advising *advising, MMAdvice *advice)
{
	double		bytes;

	CHECK_FOR_INTERRUPTS();
	advice->each = try_in(advising, advising->copy, advice, &bytes, &advice->seconds);
	advice->bytes = bytes + (is_beside(advice) ? advising->bytes_before : 0);
	advice->work = MEAN_WORK(advising, advice->each);
	advice->measured = true;
}

/*
 * Try all changes in the larger copy, and combinations of the best.
 */
static List *
try_changes(Advising *advising, List *candidates, const MMTrialIndex *present)
{
	MMAdvice   *best[COMBINED] = {0};
	MMAdvice   *all = NULL;
	ListCell   *lc;

	foreach(lc, candidates)
		if (is_beside(lfirst(lc)))
			try_change(advising, lfirst(lc));
	mm_copy_unbuild(advising->copy, present);
	foreach(lc, candidates)
	{
		MMAdvice   *advice = lfirst(lc);

		if (is_beside(advice))
			continue;
		try_change(advising, advice);
		if (advice->kind != MM_CHANGE_PARAMETERS || ratio_in_copy(advising, advice) >= 1)
			continue;
		for (int i = 0; i < COMBINED; i++)
			if (best[i] == NULL || ratio_in_copy(advising, advice) < ratio_in_copy(advising, best[i]))
			{
				memmove(&best[i + 1], &best[i], sizeof(best[0]) * (COMBINED - 1 - i));
				best[i] = advice;
				break;
			}
	}
	all = best[0];
	for (int i = 1; i < COMBINED && best[i] != NULL; i++)
	{
		MMAdvice   *both = mm_advice_combine(advising->workload, all, best[i]);

		if (both == NULL)
			continue;
		try_change(advising, both);
		if (ratio_in_copy(advising, both) >= ratio_in_copy(advising, all))
			continue;
		candidates = lappend(candidates, both);
		all = both;
	}
	return candidates;
}

/*
 * Is a change worth to be listed?
 */
static bool
is_good(const Advising *advising, const MMAdvice *advice)
{
	double		ratio = ratio_in_copy(advising, advice);
	uint32		columns = 0;
	double		worst = worst_class(advising, advice->each, &columns);

	ereport(DEBUG1,
			(errmsg_internal("mm_advise: %s: %.3f of the work, %.3f for queries that weigh %s", advice->change, ratio,
							 worst, mm_advice_columns(advising->workload, columns))));
	if (worst > 1 + CLASS_TOLERANCE)
		return false;
	return ratio <= 1 - advising->least_gain ||
		(advice->bytes <= SMALLER * advising->bytes_before && ratio <= 1.02);
}

static int
compare_advice(const ListCell *a, const ListCell *b)
{
	const MMAdvice *x = lfirst(a);
	const MMAdvice *y = lfirst(b);

	return (x->work > y->work) - (x->work < y->work);
}

/*
 * Those that are good, the best first.
 */
static List *
choose_good(const Advising *advising, List *candidates)
{
	List	   *good = NIL;
	int			listed = 0;
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, candidates)
		if (is_good(advising, lfirst(lc)))
			good = lappend(good, lfirst(lc));
	list_sort(good, compare_advice);
	foreach(lc, good)
	{
		MMAdvice   *advice = lfirst(lc);

		if (advice->kind == MM_CHANGE_PARAMETERS && ++listed > MOST_LISTED)
			continue;
		result = lappend(result, advice);
	}
	return result;
}

static int
compare_expected(const ListCell *a, const ListCell *b)
{
	const MMAdvice *x = lfirst(a);
	const MMAdvice *y = lfirst(b);

	return (x->log_ratio > y->log_ratio) - (x->log_ratio < y->log_ratio);
}

/*
 * Try what is good in the smaller copy, and order it by what is expected of the
 * whole table.
 */
static void
try_small(Advising *advising, List *good)
{
	MMTrialIndex present;
	ListCell   *lc;

	if (advising->small == NULL || good == NIL)
		return;
	present = build_present(advising, advising->small);
	advising->before_small = run_all(advising, advising->small);
	foreach(lc, good)
	{
		MMAdvice   *advice = lfirst(lc);

		if (is_beside(advice))
			advice->each_small = try_in(advising, advising->small, advice, NULL, NULL);
	}
	mm_copy_unbuild(advising->small, &present);
	foreach(lc, good)
	{
		MMAdvice   *advice = lfirst(lc);

		if (!is_beside(advice))
			advice->each_small = try_in(advising, advising->small, advice, NULL, NULL);
		advice->log_ratio = extrapolated(advising, advice, ratio_in_copy(advising, advice));
	}
	list_sort(good, compare_expected);
}

/* ---------- the index as it is ---------- */

static double
size_of_index(Relation index)
{
	Oid			type = REGCLASSOID;
	Datum		oid = ObjectIdGetDatum(RelationGetRelid(index));
	bool		isnull;
	double		bytes;

	if (index->rd_rel->relkind == RELKIND_INDEX)
		return (double) RelationGetNumberOfBlocks(index) * BLCKSZ;
	SPI_connect();
	if (SPI_execute_with_args("SELECT pg_catalog.sum(pg_catalog.pg_relation_size(relid))::pg_catalog.float8 FROM pg_catalog.pg_partition_tree($1)",
							  1, &type, &oid, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the size of an index");
	bytes = DatumGetFloat8(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	return isnull ? 0 : bytes;
}

static bool
measure_real(Advising *advising)
{
	const MMWorkload *workload = advising->workload;
	MMEffort	mean;

	advising->real = palloc(sizeof(MMEffort) * workload->n);
	/* At first, what is read may not be in memory. */
	for (int run = 0; run < 2; run++)
		mm_effort_of_tasks(workload, 0, workload->n, mm_sql_table(workload->learner->table), workload->rows, true,
						   advising->real, &mean);
	advising->real_bytes = size_of_index(workload->learner->index);
	return mean.spilled > 0;
}

/* ---------- rows ---------- */

#define RESULT_COLUMNS	15

static Datum
statements_array(const MMAdvice *advice)
{
	Datum		elems[lengthof(advice->statements)];

	for (int i = 0; i < advice->nstatements; i++)
		elems[i] = CStringGetTextDatum(advice->statements[i]);
	return PointerGetDatum(construct_array(elems, advice->nstatements, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
put_advice(const Advising *advising, ReturnSetInfo *rsinfo, MMAdvice *advice, int rank)
{
	const MMWorkload *workload = advising->workload;
	Datum		values[RESULT_COLUMNS];
	bool		isnull[RESULT_COLUMNS] = {false};
	double		ms = mean_of(workload, advising->real, offsetof(MMEffort, ms));
	double		pages = mean_of(workload, advising->real, offsetof(MMEffort, pages));
	int			i = 0;

	mm_advice_finish(workload, advice);
	values[i++] = Int32GetDatum(rank);
	values[i++] = CStringGetTextDatum(advice->change);
	values[i++] = statements_array(advice);
	values[i++] = CStringGetTextDatum(advice->reason);
	values[i++] = Float8GetDatum(ms);
	if (!advice->measured)
	{
		for (int j = i; j < RESULT_COLUMNS - 1; j++)
			isnull[j] = true;
		values[4] = Float8GetDatum(ms);
		values[RESULT_COLUMNS - 1] = CStringGetTextDatum("a rule, not measured");
	}
	else
	{
		double		ratio = ratio_in_copy(advising, advice);
		double		error = 1.96 * error_of_ratio(workload, advising->before, advice->each, ratio);
		double		final = exp(extrapolated(advising, advice, ratio));
		double		pages_ratio = mean_of(workload, advice->each, offsetof(MMEffort, pages)) /
			Max(mean_of(workload, advising->before, offsetof(MMEffort, pages)), 1e-6);
		double		growth = Max(workload->rows / advising->copy->rows, 1.0);

		values[i++] = Float8GetDatum(ms * final);
		values[i++] = Float8GetDatum(pages);
		values[i++] = Float8GetDatum(pages * pages_ratio);
		values[i++] = Int64GetDatum((int64) advising->real_bytes);
		values[i++] = Int64GetDatum((int64) (advising->real_bytes * advice->bytes / Max(advising->bytes_before, 1)));
		values[i++] = Float8GetDatum(advice->seconds * growth);
		values[i++] = Float8GetDatum(1 - final);
		values[i++] = Float8GetDatum(1 - Max(final, ratio) - error);
		values[i++] = Float8GetDatum(Min(1 - Min(final, ratio) + error, 1.0));
		values[i++] = CStringGetTextDatum(advising->small == NULL ?
										  psprintf("measured on %.0f rows", advising->copy->rows) :
										  psprintf("measured on %.0f and %.0f of about %.0f rows, and extrapolated",
												   advising->small->rows, advising->copy->rows, workload->rows));
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, isnull);
}

/*
 * mm_advise(index_name, workload, queries, copy_rows, seed, least_gain)
 */
Datum
mm_advise(PG_FUNCTION_ARGS)
{
	Advising	advising = {0};
	MMTrialIndex present;
	List	   *candidates;
	List	   *rules;
	List	   *good;
	ListCell   *lc;
	bool		spills;
	int			queries;
	int			rows;
	int			seed;
	int			rank = 0;

	InitMaterializedSRF(fcinfo, 0);
	mm_require_argument(fcinfo, ARG_INDEX, "index_name");
	queries = mm_integer_argument(fcinfo, ARG_QUERIES, "queries", 1, MAX_QUERIES);
	rows = mm_integer_argument(fcinfo, ARG_ROWS, "copy_rows", 1, PG_INT32_MAX);
	seed = mm_integer_argument(fcinfo, ARG_SEED, "seed", PG_INT32_MIN, PG_INT32_MAX);
	mm_require_argument(fcinfo, ARG_LEAST_GAIN, "least_gain");
	advising.least_gain = PG_GETARG_FLOAT8(ARG_LEAST_GAIN);
	if (!(advising.least_gain >= 0 && advising.least_gain < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("least_gain must be from 0 to below 1, not %g", advising.least_gain)));
	advising.workload = mm_workload_read(PG_GETARG_OID(ARG_INDEX), mm_text_argument(fcinfo, ARG_WORKLOAD, "workload"),
										 queries, 0.0, seed);
	advising.copy = mm_copy_make(advising.workload, rows, seed, "mm_advise");
	if (!advising.copy->whole)
		advising.small = mm_copy_make(advising.workload, Max(rows / SMALL_PART, 1), seed, "mm_advise");
	spills = measure_real(&advising);

	present = build_present(&advising, advising.copy);
	advising.bytes_before = present.bytes;
	advising.before = run_all(&advising, advising.copy);
	candidates = mm_advice_candidates(advising.workload, &present, spills, NIL);
	rules = mm_advice_rules(advising.workload, &present, NIL);
	candidates = try_changes(&advising, candidates, &present);
	good = choose_good(&advising, candidates);
	try_small(&advising, good);

	foreach(lc, good)
		put_advice(&advising, (ReturnSetInfo *) fcinfo->resultinfo, lfirst(lc), ++rank);
	foreach(lc, rules)
		put_advice(&advising, (ReturnSetInfo *) fcinfo->resultinfo, lfirst(lc), ++rank);
	if (advising.small != NULL)
		mm_copy_drop(advising.small);
	mm_copy_drop(advising.copy);
	mm_workload_close(advising.workload);
	return (Datum) 0;
}
