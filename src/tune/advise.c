/*-------------------------------------------------------------------------
 *
 * advise.c
 *	  mm_advise: measures what changes of an index would do for a workload.
 *
 * What is worth a trial is tried in a sampled copy of the table (copy.h), with the
 * workload's queries, beside the index as it is.  What promises something is tried
 * again in a larger copy, which has all rows of many tables.  Where it has not, how the
 * gain changes from one to the other tells how it will change up to the whole table.  The
 * present index of the whole table is measured, too; the ratio that the copies tell is
 * applied to that.
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
	ARG_LEAST_GAIN,
	ARG_CONFIRM
};

#define MAX_QUERIES		10000

/* A change is tried in the larger copy if it has this part of the least gain in the other... */
#define PROMISING		0.5
/* ...and is among so many of the best. */
#define MOST_CONFIRMED	6

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
	MMCopy	   *large;			/* NULL: there is none */
	double		least_gain;
	MMEffort   *real;			/* of the tasks, in the table as it is */
	MMTrial		before;			/* the index as it is, in the copy */
	MMTrial		before_large;	/* in the larger one */
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

/*
 * What the index has taken where a change was tried last, and what the change has.
 */
static const MMTrial *
trial_before(const Advising *advising, const MMAdvice *advice)
{
	return advice->large.each != NULL ? &advising->before_large : &advising->before;
}

static const MMTrial *
trial_after(const MMAdvice *advice)
{
	return advice->large.each != NULL ? &advice->large : &advice->trial;
}

static double
ratio_of_trials(const MMTrial *before, const MMTrial *after)
{
	return Max(after->work, 1e-6) / Max(before->work, 1e-6);
}

static double
error_of_ratio(const MMWorkload *workload, const MMTrial *before, const MMTrial *after, double ratio)
{
	double	   *x = palloc(sizeof(double) * workload->n);
	double	   *y = palloc(sizeof(double) * workload->n);

	for (int i = 0; i < workload->n; i++)
	{
		x[i] = before->each[i].work;
		y[i] = after->each[i].work;
	}
	return mm_effort_error(workload, x, y, ratio);
}

/*
 * The logarithm of the ratio for the whole table, by the trend from the copy to the
 * larger one.
 */
static double
extrapolated(const Advising *advising, const MMAdvice *advice)
{
	double		log_ratio = log(ratio_of_trials(trial_before(advising, advice), trial_after(advice)));
	double		trend;
	double		limit;

	if (advice->large.each == NULL || advising->large->whole || advising->large->rows <= advising->copy->rows)
		return log_ratio;
	trend = (log_ratio - log(ratio_of_trials(&advising->before, &advice->trial))) /
		log(advising->large->rows / advising->copy->rows) *
		log(Max(advising->workload->rows / advising->large->rows, 1.0));
	limit = MOST_TREND * fabs(log_ratio);
	return log_ratio + Min(Max(trend, -limit), limit);
}

/*
 * By how much the class of queries that suffers most from a change becomes slower, as
 * a ratio of work.  *columns gets the class: the columns with weight.
 */
static double
worst_class(const MMWorkload *workload, const MMTrial *before, const MMTrial *after, uint32 *columns)
{
	double		worst = 0.0;

	for (int i = 0; i < workload->n; i++)
	{
		double		sum_before = 0.0;
		double		sum_after = 0.0;

		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < workload->n; j++)
			if (workload->tasks[j].columns == workload->tasks[i].columns)
			{
				sum_before += before->each[j].work * workload->tasks[j].calls;
				sum_after += after->each[j].work * workload->tasks[j].calls;
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

/*
 * Run the queries in a copy, with the indexes that are there.
 */
static void
run_all(const MMWorkload *workload, const MMCopy *copy, MMTrial *trial)
{
	MMEffort	mean;

	trial->each = palloc(sizeof(MMEffort) * workload->n);
	mm_effort_of_tasks(workload, 0, workload->n, copy->table, copy->rows, false, trial->each, &mean);
	trial->work = mean.work;
}

/*
 * Build the index as it is in a copy, and run the queries.
 */
static MMTrialIndex
try_present(const MMWorkload *workload, MMCopy *copy, MMTrial *trial)
{
	MMParameters has = mm_parameters_get(workload->learner->index);
	MMTrialIndex present = mm_copy_build(copy, mm_all_columns(workload), mm_parameters_sql(&has));

	trial->bytes = present.bytes;
	trial->seconds = present.seconds;
	run_all(workload, copy, trial);
	return present;
}

/*
 * Does a change leave the present index as it is?
 */
static bool
is_beside(const MMAdvice *advice)
{
	return advice->kind == MM_CHANGE_EXTRA || advice->kind == MM_CHANGE_BTREE || advice->kind == MM_CHANGE_SETTING;
}

/*
 * Try a change in one of the copies, where the present index is if the change leaves
 * it, with before.
 */
static void
try_in(const MMWorkload *workload, MMCopy *copy, const MMAdvice *advice, const MMTrial *before, MMTrial *trial)
{
	MMTrialIndex index = {0};
	int			level = NewGUCNestLevel();

	CHECK_FOR_INTERRUPTS();
	if (advice->kind == MM_CHANGE_SETTING)
		(void) set_config_option("work_mem", advice->setting, PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	else if (advice->kind == MM_CHANGE_BTREE)
		index = mm_copy_build_other(copy, advice->definition);
	else
		index = mm_copy_build(copy, advice->columns, mm_parameters_sql(&advice->parameters));
	run_all(workload, copy, trial);
	if (OidIsValid(index.oid))
		mm_copy_unbuild(copy, &index);
	AtEOXact_GUC(true, level);
	trial->bytes = index.bytes + (is_beside(advice) ? before->bytes : 0);
	trial->seconds = index.seconds;
}

static void
try_change(const Advising *advising, MMAdvice *advice)
{
	try_in(advising->workload, advising->copy, advice, &advising->before, &advice->trial);
	advice->measured = true;
}

/*
 * The ratio in the smaller copy, in which all changes are tried.
 */
static double
ratio_in_copy(const Advising *advising, const MMAdvice *advice)
{
	return ratio_of_trials(&advising->before, &advice->trial);
}

/*
 * Combine the changes of parameters that are best, the best first.
 */
static List *
try_combinations(const Advising *advising, MMAdvice **best, List *candidates)
{
	MMAdvice   *all = best[0];

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
 * Try all changes in the copy, and combinations of the best.
 */
static List *
try_changes(const Advising *advising, List *candidates, const MMTrialIndex *present)
{
	MMAdvice   *best[COMBINED] = {0};
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
	return try_combinations(advising, best, candidates);
}

/*
 * Is a change worth to be listed, if it is to save this part of the work where it was
 * tried last?
 */
static bool
is_good(const Advising *advising, const MMAdvice *advice, double least_gain)
{
	const MMTrial *before = trial_before(advising, advice);
	const MMTrial *after = trial_after(advice);
	double		ratio = ratio_of_trials(before, after);
	uint32		columns = 0;
	double		worst = worst_class(advising->workload, before, after, &columns);

	ereport(DEBUG1,
			(errmsg_internal("mm_advise: %s: %.3f of the work, %.3f for queries that weigh %s", advice->change, ratio,
							 worst, mm_advice_columns(advising->workload, columns))));
	if (worst > 1 + CLASS_TOLERANCE)
		return false;
	return ratio <= 1 - least_gain || (after->bytes <= SMALLER * before->bytes && ratio <= 1.02);
}

static int
compare_advice(const ListCell *a, const ListCell *b)
{
	const MMAdvice *x = lfirst(a);
	const MMAdvice *y = lfirst(b);

	return (x->log_ratio > y->log_ratio) - (x->log_ratio < y->log_ratio);
}

/*
 * Those that are good, or if there is to be another trial promise to be, the best first.
 */
static List *
choose_good(const Advising *advising, List *candidates, double least_gain)
{
	List	   *good = NIL;
	int			listed = 0;
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, candidates)
	{
		MMAdvice   *advice = lfirst(lc);

		if (!is_good(advising, advice, least_gain))
			continue;
		advice->log_ratio = extrapolated(advising, advice);
		good = lappend(good, advice);
	}
	list_sort(good, compare_advice);
	foreach(lc, good)
	{
		MMAdvice   *advice = lfirst(lc);

		if (advice->kind == MM_CHANGE_PARAMETERS && ++listed > MOST_LISTED)
			continue;
		if (list_length(result) < MOST_CONFIRMED)
			result = lappend(result, advice);
	}
	return result;
}

/*
 * Try what promises something again, in a larger copy.
 */
static void
try_large(Advising *advising, List *promising, int rows, int seed)
{
	const MMWorkload *workload = advising->workload;
	MMTrialIndex present;
	ListCell   *lc;

	advising->large = mm_copy_make(workload, rows, seed, "mm_advise");
	present = try_present(workload, advising->large, &advising->before_large);
	foreach(lc, promising)
	{
		MMAdvice   *advice = lfirst(lc);

		if (is_beside(advice))
			try_in(workload, advising->large, advice, &advising->before_large, &advice->large);
	}
	mm_copy_unbuild(advising->large, &present);
	foreach(lc, promising)
	{
		MMAdvice   *advice = lfirst(lc);

		if (!is_beside(advice))
			try_in(workload, advising->large, advice, &advising->before_large, &advice->large);
	}
	mm_copy_drop(advising->large);
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

/*
 * On how many rows figures are based.
 */
static char *
certainty(const Advising *advising, const MMAdvice *advice)
{
	const MMCopy *copy = advising->copy;
	const MMCopy *large = advising->large;
	double		rows = advising->workload->rows;

	if (advice->large.each == NULL)
		return copy->whole ? psprintf("measured on all %.0f rows", copy->rows) :
			psprintf("measured on %.0f of about %.0f rows", copy->rows, rows);
	if (large->whole)
		return psprintf("measured on all %.0f rows", large->rows);
	return psprintf("measured on %.0f and %.0f of about %.0f rows, and extrapolated", copy->rows, large->rows, rows);
}

/*
 * Why a change is listed.  One that spares little work is listed for its size.
 */
static const char *
reason_of(const Advising *advising, const MMAdvice *advice)
{
	double		saved;

	if (!advice->measured || exp(advice->log_ratio) <= 1 - advising->least_gain)
		return advice->reason;
	saved = advising->real_bytes * (1 - trial_after(advice)->bytes / Max(trial_before(advising, advice)->bytes, 1));
	return psprintf("%s It saves %s, and little time.", advice->reason,
					text_to_cstring(DatumGetTextPP(DirectFunctionCall1(pg_size_pretty,
																	   Int64GetDatum((int64) Max(saved, 0.0))))));
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
	values[i++] = CStringGetTextDatum(reason_of(advising, advice));
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
		const MMTrial *before = trial_before(advising, advice);
		const MMTrial *after = trial_after(advice);
		double		ratio = ratio_of_trials(before, after);
		double		error = 1.96 * error_of_ratio(workload, before, after, ratio);
		double		final = exp(advice->log_ratio);
		double		pages_ratio = mean_of(workload, after->each, offsetof(MMEffort, pages)) /
			Max(mean_of(workload, before->each, offsetof(MMEffort, pages)), 1e-6);
		double		rows = advice->large.each != NULL ? advising->large->rows : advising->copy->rows;
		double		growth = Max(workload->rows / rows, 1.0);

		values[i++] = Float8GetDatum(ms * final);
		values[i++] = Float8GetDatum(pages);
		values[i++] = Float8GetDatum(pages * pages_ratio);
		values[i++] = Int64GetDatum((int64) advising->real_bytes);
		values[i++] = Int64GetDatum((int64) (advising->real_bytes * after->bytes / Max(before->bytes, 1)));
		values[i++] = Float8GetDatum(after->seconds * growth);
		values[i++] = Float8GetDatum(1 - final);
		values[i++] = Float8GetDatum(1 - Max(final, ratio) - error);
		values[i++] = Float8GetDatum(Min(1 - Min(final, ratio) + error, 1.0));
		values[i++] = CStringGetTextDatum(certainty(advising, advice));
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, isnull);
}

/*
 * mm_advise(index_name, workload, queries, copy_rows, seed, least_gain, confirm_rows)
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
	bool		again;
	int			confirm_rows;
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
	confirm_rows = mm_integer_argument(fcinfo, ARG_CONFIRM, "confirm_rows", 0, PG_INT32_MAX);
	advising.workload = mm_workload_read(PG_GETARG_OID(ARG_INDEX), mm_text_argument(fcinfo, ARG_WORKLOAD, "workload"),
										 queries, 0.0, seed);
	advising.copy = mm_copy_make(advising.workload, rows, seed, "mm_advise");
	spills = measure_real(&advising);

	present = try_present(advising.workload, advising.copy, &advising.before);
	candidates = mm_advice_candidates(advising.workload, &present, spills, NIL);
	rules = mm_advice_rules(advising.workload, &present, NIL);
	candidates = try_changes(&advising, candidates, &present);
	mm_copy_drop(advising.copy);
	again = !advising.copy->whole && confirm_rows > advising.copy->rows;
	good = choose_good(&advising, candidates, advising.least_gain * (again ? PROMISING : 1));
	if (again && good != NIL)
	{
		try_large(&advising, good, confirm_rows, seed);
		good = choose_good(&advising, good, advising.least_gain);
	}

	foreach(lc, good)
		put_advice(&advising, (ReturnSetInfo *) fcinfo->resultinfo, lfirst(lc), ++rank);
	foreach(lc, rules)
		put_advice(&advising, (ReturnSetInfo *) fcinfo->resultinfo, lfirst(lc), ++rank);
	mm_workload_close(advising.workload);
	return (Datum) 0;
}
