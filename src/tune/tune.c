/*-------------------------------------------------------------------------
 *
 * tune.c
 *	  mm_tune: tries configurations of an index and of a session on a workload,
 *	  and tells what each has cost and which is best.
 *
 * Storage parameters are tried in a sampled copy of the table (copy.h), settings in
 * the table itself.  Nothing is changed: the copy goes away when the function ends
 * or the transaction does, and settings are set back.  What was found is also kept
 * in the session, so that a statement that is canceled has not run in vain.
 *
 * Some queries are held out.  The best configuration for the others is made as simple as
 * it can be.  It is recommended only if queries by which it was not found confirm that it is
 * better, in a larger copy if there is one (confirm.h).  Or else the next best is, or the
 * defaults are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "base/compare.h"
#include "compat.h"
#include "tune/arguments.h"
#include "tune/confirm.h"
#include "tune/found.h"
#include "tune/parameters.h"
#include "tune/propose.h"
#include "tune/reward.h"

PG_FUNCTION_INFO_V1(mm_tune);

enum
{
	ARG_INDEX,
	ARG_WORKLOAD,
	ARG_STEPS,
	ARG_METHOD,
	ARG_REWARD,
	ARG_SEED,
	ARG_KNOBS,
	ARG_QUERIES,
	ARG_ROWS,
	ARG_JUDGE,
	ARG_CONFIRM
};

#define MAX_STEPS		1000
#define MAX_QUERIES		10000

/* The part of the queries that is held out. */
#define HELDOUT			(1.0 / 3)

/* What costs no more than this part is given up for the default of a knob. */
#define NEGLIGIBLE		0.005

/* So many of the best configurations are tried again, in a larger copy if there is one... */
#define MOST_BEGUN		3
/* ...and so many of those that are between the best one and the defaults. */
#define MOST_CONFIRMED	10

/* The part of the steps for settings, where there are storage parameters, too. */
#define SESSION_PART	0.2

typedef enum Method
{
	METHOD_SEARCH,
	METHOD_DDPG,
	METHOD_RANDOM,
} Method;

static const char *const methods[] = {"search", "ddpg", "random", NULL};

static const char *const rewards[] = {"exponential", "logarithmic", "penalty", NULL};

static const char *const judges[] = {"work", "time", NULL};

typedef struct Options
{
	int			steps;
	Method		method;
	MMReward	reward;
	int			seed;
	int			nnames;			/* of knobs */
	char	  **names;
	int			queries;
	int			rows;			/* of the copy */
	int			confirm_rows;	/* of the larger copy */
	bool		timed;			/* judged by time */
} Options;

/* What a configuration has cost. */
typedef struct Outcome
{
	MMEffort	mean;			/* over the queries that are not held out */
	double		median_ms;
	double		bytes;			/* of the index; 0: of a session */
	double		seconds;		/* to build it */
} Outcome;

typedef struct Tuning
{
	const Options *options;
	const MMWorkload *workload;
	MMCopy	   *copy;			/* NULL: for a session */
	MMParameters kept;			/* storage parameters that are not tuned */
	double		present;		/* cost of the index's present parameters; NaN: they
								 * are the defaults */
	MMKnobs    *knobs;
	MMPolicy   *policy;
	MMSurrogate *surrogate;
	MMRandom	random;
	int			n;				/* tried, with the defaults */
	MMTried    *tried;
	Outcome    *outcomes;
	int			best;			/* number of the best one */
	int			nbests;			/* how often there was a better one, and these */
	int		   *bests;
	MMConfirm  *confirm;		/* NULL: nothing was to be recommended yet */
	int			nasked;			/* configurations between the best and the defaults */
	ReturnSetInfo *rsinfo;
	int			first_step;		/* number of the first step after the defaults */
} Tuning;

#define RESULT_COLUMNS	16

/* ---------- rows ---------- */

static Datum
array_of_texts(char **texts, int n)
{
	Datum		elems[MM_MAX_KNOBS];

	for (int i = 0; i < n; i++)
		elems[i] = CStringGetTextDatum(texts[i]);
	return PointerGetDatum(construct_array(elems, n, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
put_number(Datum *values, bool *isnull, int i, double x)
{
	values[i] = Float8GetDatum(x);
	isnull[i] = isnan(x);
}

/*
 * A row of the result, for a configuration and what it has cost.  step is -1 for a
 * recommendation.
 */
static void
put_row(Tuning *tuning, int step, const char *phase, int number, const Outcome *outcome, double reward,
		double gain, double best_gain)
{
	const MMEffort *mean = &outcome->mean;
	double		configuration[MM_MAX_KNOBS];
	char	   *statements[MM_MAX_KNOBS];
	Datum		values[RESULT_COLUMNS];
	bool		isnull[RESULT_COLUMNS] = {false};
	HeapTuple	tuple;
	int			i = 0;
	int			n;

	mm_knobs_decode(tuning->knobs, tuning->tried[number].point, configuration);
	if (number == 0)
		mm_knobs_standard(tuning->knobs, configuration);
	isnull[i] = step < 0;
	values[i++] = Int32GetDatum(step);
	values[i++] = CStringGetTextDatum(phase);
	values[i++] = DirectFunctionCall1(jsonb_in, CStringGetDatum(mm_knobs_json(tuning->knobs, configuration)));
	put_number(values, isnull, i++, outcome->median_ms);
	put_number(values, isnull, i++, mean->ms > 0 ? 1000.0 / mean->ms : NAN);
	values[i++] = Float8GetDatum(mean->work);
	values[i++] = Float8GetDatum(mean->pages);
	values[i++] = Float8GetDatum(mean->entries);
	values[i++] = Float8GetDatum(mean->rows + mean->scanned);
	values[i++] = Float8GetDatum(mean->distances);
	isnull[i] = isnull[i + 1] = tuning->copy == NULL;
	values[i++] = Int64GetDatum((int64) outcome->bytes);
	values[i++] = Float8GetDatum(outcome->seconds);
	put_number(values, isnull, i++, reward);
	put_number(values, isnull, i++, gain);
	put_number(values, isnull, i++, best_gain);
	n = mm_knobs_statements(tuning->knobs, configuration, &tuning->kept, statements);
	values[i++] = array_of_texts(statements, n);
	Assert(i == RESULT_COLUMNS);
	tuple = heap_form_tuple(tuning->rsinfo->setDesc, values, isnull);
	tuplestore_puttuple(tuning->rsinfo->setResult, tuple);
	mm_found_keep(tuple);
	heap_freetuple(tuple);
}

/* ---------- trials ---------- */

static double
cost_of(const Tuning *tuning, const MMEffort *effort)
{
	return tuning->options->timed ? effort->ms : effort->work;
}

static double
median(double *x, int n)
{
	qsort(x, n, sizeof(double), mm_compare_doubles);
	return n % 2 == 1 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

/*
 * Run the queries that are not held out with the configuration that is in place.
 */
static void
run_configuration(const Tuning *tuning, Outcome *outcome)
{
	const MMWorkload *workload = tuning->workload;
	const MMCopy *copy = tuning->copy;
	bool		real = copy == NULL;
	int			n = workload->n - workload->nheldout;
	MMEffort   *each = palloc(sizeof(MMEffort) * n);
	double	   *ms = palloc(sizeof(double) * n);

	mm_effort_of_tasks(workload, 0, n, real ? mm_sql_table(workload->learner->table) : copy->table,
					   real ? workload->rows : copy->rows, real, each, &outcome->mean);
	for (int i = 0; i < n; i++)
		ms[i] = each[i].ms;
	outcome->median_ms = median(ms, n);
	pfree(ms);
	pfree(each);
}

/*
 * The storage parameters of a trial: those of a configuration, and those that are
 * not tuned.
 */
static char *
trial_parameters(const Tuning *tuning, const double *values)
{
	MMParameters parameters = tuning->kept;

	mm_knobs_parameters(tuning->knobs, values, &parameters);
	return mm_parameters_sql(&parameters);
}

static void
try_index(Tuning *tuning, const MMTrialIndex *index, Outcome *outcome)
{
	outcome->bytes = index->bytes;
	outcome->seconds = index->seconds;
	run_configuration(tuning, outcome);
	mm_copy_unbuild(tuning->copy, index);
}

/*
 * Try a configuration.
 */
static void
try_configuration(Tuning *tuning, const double *values, Outcome *outcome)
{
	int			level;

	if (tuning->copy != NULL)
	{
		MMTrialIndex index = mm_copy_build(tuning->copy, mm_all_columns(tuning->workload),
										   trial_parameters(tuning, values));

		try_index(tuning, &index, outcome);
		return;
	}
	level = NewGUCNestLevel();
	mm_knobs_set(tuning->knobs, values);
	run_configuration(tuning, outcome);
	AtEOXact_GUC(true, level);
}

/* ---------- steps ---------- */

static double
gain_of(const Tuning *tuning, int number)
{
	return 1.0 - tuning->tried[number].cost;
}

static double
log_ratio(double x, double y)
{
	return log((x + 1) / (y + 1));
}

/*
 * What the trial of a configuration says of it, beside the defaults.
 */
static void
judge(Tuning *tuning, int number, double previous)
{
	MMTried    *tried = &tuning->tried[number];
	const Outcome *outcome = &tuning->outcomes[number];
	const Outcome *standard = &tuning->outcomes[0];
	double		cost = cost_of(tuning, &outcome->mean);
	double		first = cost_of(tuning, &standard->mean);

	/* Nothing costs nothing, but a clock may say so. */
	tried->cost = Max(cost, 1e-6) / Max(first, 1e-6);
	tried->metrics[0] = log(tried->cost);
	tried->metrics[1] = log_ratio(outcome->mean.pages, standard->mean.pages);
	tried->metrics[2] = log_ratio(outcome->mean.entries, standard->mean.entries);
	tried->metrics[3] = log_ratio(outcome->mean.rows, standard->mean.rows);
	tried->metrics[4] = log_ratio(outcome->mean.distances, standard->mean.distances);
	tried->metrics[5] = log_ratio(outcome->bytes, standard->bytes);
	tried->reward = number == 0 ? 0.0 : mm_reward(tuning->options->reward, 1.0 - tried->cost,
												  1.0 - tried->cost / previous);
}

static void
propose(Tuning *tuning, double *point)
{
	double		values[MM_MAX_KNOBS];

	if (tuning->surrogate != NULL)
		mm_surrogate_next(tuning->surrogate, tuning->tried, tuning->n, point);
	else if (tuning->policy != NULL)
		mm_policy_next(tuning->policy, tuning->tried, tuning->n, point);
	else
	{
		for (int i = 0; i < tuning->knobs->n; i++)
			point[i] = mm_random_unit(&tuning->random);
		mm_knobs_decode(tuning->knobs, point, values);
		mm_knobs_encode(tuning->knobs, values, point);
	}
}

/*
 * The outcome at a point, which may have been tried before.
 */
static void
find_outcome(Tuning *tuning, int number)
{
	double		values[MM_MAX_KNOBS];

	for (int i = 0; i < number; i++)
		if (memcmp(tuning->tried[i].point, tuning->tried[number].point, sizeof(double) * tuning->knobs->n) == 0)
		{
			tuning->outcomes[number] = tuning->outcomes[i];
			return;
		}
	mm_knobs_decode(tuning->knobs, tuning->tried[number].point, values);
	try_configuration(tuning, values, &tuning->outcomes[number]);
}

static const char *
phase_of(const Tuning *tuning)
{
	return tuning->copy != NULL ? "index" : "session";
}

static void
take_step(Tuning *tuning, int step)
{
	int			number = tuning->n;

	propose(tuning, tuning->tried[number].point);
	find_outcome(tuning, number);
	judge(tuning, number, tuning->tried[number - 1].cost);
	tuning->n++;
	if (tuning->tried[number].cost < tuning->tried[tuning->best].cost)
	{
		double		values[MM_MAX_KNOBS];

		tuning->best = number;
		tuning->bests[tuning->nbests++] = number;
		mm_knobs_decode(tuning->knobs, tuning->tried[number].point, values);
		ereport(NOTICE,
				(errmsg("step %d: %.1f %% less %s than with the defaults", step, 100 * gain_of(tuning, number),
						tuning->options->timed ? "time" : "work"),
				 errdetail("%s", mm_knobs_json(tuning->knobs, values))));
	}
	put_row(tuning, step, phase_of(tuning), number, &tuning->outcomes[number], tuning->tried[number].reward,
			gain_of(tuning, number), gain_of(tuning, tuning->best));
}

/*
 * Make ready to propose configurations.
 */
static void
begin_proposing(Tuning *tuning, int steps)
{
	switch (tuning->options->method)
	{
		case METHOD_SEARCH:
			tuning->surrogate = mm_surrogate_begin(tuning->knobs, steps, tuning->options->seed);
			break;
		case METHOD_DDPG:
			tuning->policy = mm_policy_begin(tuning->knobs, tuning->tried[0].point, steps, tuning->options->seed);
			break;
		case METHOD_RANDOM:
			tuning->random.seed = (uint32) tuning->options->seed;
			break;
	}
}

/* ---------- what is recommended ---------- */

/*
 * Try another configuration, which is no step: its number.
 */
static int
try_values(Tuning *tuning, const double *values)
{
	int			number = tuning->n++;

	mm_knobs_encode(tuning->knobs, values, tuning->tried[number].point);
	find_outcome(tuning, number);
	judge(tuning, number, 1.0);
	return number;
}

/*
 * Set the knobs of a configuration back, one after the other, where that costs next to
 * nothing.  Much of what is best was put together by chance: it makes the index larger, and
 * is more likely to be bad for other queries.  Returns the number of what is left.
 */
static int
simplified(Tuning *tuning, int number)
{
	double		limit = (1 + NEGLIGIBLE) * tuning->tried[number].cost;
	double		values[MM_MAX_KNOBS];
	double		standard[MM_MAX_KNOBS];

	mm_knobs_decode(tuning->knobs, tuning->tried[number].point, values);
	mm_knobs_standard(tuning->knobs, standard);
	for (int i = tuning->knobs->n - 1; i >= 0; i--)
	{
		double		value = values[i];
		int			simpler;

		if (value == standard[i])
			continue;
		CHECK_FOR_INTERRUPTS();
		values[i] = standard[i];
		simpler = try_values(tuning, values);
		if (tuning->tried[simpler].cost <= limit)
			number = simpler;
		else
			values[i] = value;
	}
	return number;
}

/*
 * What other queries say of a configuration, and the whole table.
 */
static MMConfirmed
confirm_for_table(Tuning *tuning, int number)
{
	const Options *options = tuning->options;
	double		values[MM_MAX_KNOBS];
	MMConfirmed result;
	int			level;

	if (tuning->confirm == NULL)
		tuning->confirm = mm_confirm_begin(tuning->workload, tuning->copy, mm_parameters_sql(&tuning->kept),
										   options->confirm_rows, options->seed, options->timed);
	mm_knobs_decode(tuning->knobs, tuning->tried[number].point, values);
	level = NewGUCNestLevel();
	if (tuning->copy == NULL)
		mm_knobs_set(tuning->knobs, values);
	result = mm_confirm_try(tuning->confirm, tuning->copy == NULL ? NULL : trial_parameters(tuning, values),
							tuning->tried[number].cost);
	AtEOXact_GUC(true, level);
	return result;
}

/*
 * Halve the way from the defaults to the values of all knobs that are amounts.  Returns
 * whether that changes any.  The number of pivots is none: 0 lets the index choose.
 */
static bool
halve(const MMKnobs *knobs, double *values)
{
	double		before[MM_MAX_KNOBS];
	double		standard[MM_MAX_KNOBS];
	double		point[MM_MAX_KNOBS];
	double		origin[MM_MAX_KNOBS];

	memcpy(before, values, sizeof(double) * knobs->n);
	mm_knobs_standard(knobs, standard);
	mm_knobs_encode(knobs, values, point);
	mm_knobs_encode(knobs, standard, origin);
	for (int i = 0; i < knobs->n; i++)
		if (knobs->knobs[i].kind != MM_KNOB_CHOICE && strcmp(knobs->knobs[i].name, "pivots") != 0)
			point[i] = (point[i] + origin[i]) / 2;
	mm_knobs_decode(knobs, point, values);
	return memcmp(before, values, sizeof(double) * knobs->n) != 0;
}

/*
 * Ask the other queries about a configuration with these values.  If they say that it is
 * better than the one that is the best so far, or as good and wanted for its simplicity,
 * it becomes the best.  Returns whether it does.
 */
static bool
ask_about(Tuning *tuning, const double *values, double tolerance, int *best, MMConfirmed *confirmed)
{
	int			number;
	MMConfirmed result;

	CHECK_FOR_INTERRUPTS();
	if (tuning->nasked++ >= MOST_CONFIRMED)
		return false;
	number = try_values(tuning, values);
	result = confirm_for_table(tuning, number);
	if (result.most > confirmed->most * (1 + tolerance))
		return false;
	*best = number;
	*confirmed = result;
	return true;
}

/*
 * Change a configuration where the other queries, and more rows, say that it goes too
 * far: set back each knob, and halve what is left.
 */
static void
moderate(Tuning *tuning, int *best, MMConfirmed *confirmed)
{
	const MMKnobs *knobs = tuning->knobs;
	double		values[MM_MAX_KNOBS];
	double		standard[MM_MAX_KNOBS];

	mm_knobs_decode(knobs, tuning->tried[*best].point, values);
	mm_knobs_standard(knobs, standard);
	for (int i = knobs->n - 1; i >= 0; i--)
	{
		double		value = values[i];

		if (value == standard[i])
			continue;
		values[i] = standard[i];
		if (memcmp(values, standard, sizeof(double) * knobs->n) == 0 ||
			!ask_about(tuning, values, NEGLIGIBLE, best, confirmed))
			values[i] = value;
	}
	while (halve(knobs, values) && ask_about(tuning, values, 0.0, best, confirmed))
		;
}

/*
 * The number of the best configuration that may be recommended; 0 if none but the
 * defaults.  *confirmed gets what confirms it.
 */
static int
choose_recommended(Tuning *tuning, MMConfirmed *confirmed)
{
	int			last = tuning->nbests - 1;

	for (int i = last; i >= 0 && i > last - MOST_BEGUN; i--)
	{
		int			number = simplified(tuning, tuning->bests[i]);

		*confirmed = confirm_for_table(tuning, number);
		if (i == last)
			moderate(tuning, &number, confirmed);
		if (confirmed->most < 1)
			return number;
		ereport(NOTICE,
				(errmsg("a configuration that saves %.1f %% is not recommended", 100 * gain_of(tuning, number)),
				 errdetail("For other queries, or in the whole table, it may cost %.1f %% more than the defaults.",
						   100 * (confirmed->most - 1)),
				 errhint("Give more queries, and raise copy_rows.")));
	}
	if (tuning->confirm != NULL)
		*confirmed = *mm_confirm_standard(tuning->confirm);
	return 0;
}

/*
 * Recommend what was found.
 */
static void
recommend(Tuning *tuning)
{
	MMConfirmed confirmed = {.ratio = 1.0};
	int			number = choose_recommended(tuning, &confirmed);
	Outcome		outcome = tuning->outcomes[number];

	if (!isnan(tuning->present) && tuning->present <= cost_of(tuning, &outcome.mean))
		ereport(NOTICE,
				(errmsg("the index is better as it is than with what is recommended"),
				 errdetail("Its present parameters cost %.1f %% less than the defaults, and the recommended ones %.1f %% less.",
						   100 * (1 - tuning->present / cost_of(tuning, &tuning->outcomes[0].mean)),
						   100 * gain_of(tuning, number)),
				 errhint("More steps may find better ones.")));
	/* If nothing was better than the defaults, there is nothing to confirm. */
	if (tuning->confirm != NULL)
	{
		outcome.mean = confirmed.mean;
		outcome.median_ms = confirmed.median_ms;
		outcome.bytes = confirmed.bytes;
		outcome.seconds = confirmed.seconds;
		mm_confirm_end(tuning->confirm);
	}
	put_row(tuning, -1, tuning->copy != NULL ? "index, result" : "session, result", number, &outcome, NAN,
			1.0 - confirmed.ratio, gain_of(tuning, number));
}

/*
 * What the present parameters of the index cost, or NaN if they are the defaults.
 */
static double
cost_of_present(Tuning *tuning)
{
	MMParameters parameters = mm_parameters_get(tuning->workload->learner->index);
	const char *sql = mm_parameters_sql(&parameters);
	MMTrialIndex index;
	Outcome		outcome;

	if (strcmp(sql, mm_parameters_sql(&tuning->kept)) == 0)
		return NAN;
	index = mm_copy_build(tuning->copy, mm_all_columns(tuning->workload), sql);
	try_index(tuning, &index, &outcome);
	return cost_of(tuning, &outcome.mean);
}

/*
 * Tune by so many steps: the storage parameters, in a copy, or without one the
 * settings.
 */
static void
tune(Tuning *tuning, int steps)
{
	double		values[MM_MAX_KNOBS];
	int			room = 1 + steps + MOST_CONFIRMED + MOST_BEGUN * MM_MAX_KNOBS;

	/* The defaults come before the steps, and what is made of the best ones after them. */
	tuning->tried = MemoryContextAllocExtended(CurrentMemoryContext, sizeof(MMTried) * room,
											   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	tuning->outcomes = palloc0(sizeof(Outcome) * room);
	tuning->bests = palloc(sizeof(int) * room);
	if (tuning->copy != NULL)
	{
		MMTrialIndex standard = mm_copy_build(tuning->copy, mm_all_columns(tuning->workload),
											  mm_parameters_sql(&tuning->kept));

		tuning->knobs = mm_knobs_of_index(tuning->workload, tuning->copy, &standard);
		try_index(tuning, &standard, &tuning->outcomes[0]);
		tuning->present = cost_of_present(tuning);
	}
	else
	{
		tuning->knobs = mm_knobs_of_session(tuning->workload, tuning->options->timed);
		run_configuration(tuning, &tuning->outcomes[0]);
	}
	if (tuning->options->nnames > 0)
		mm_knobs_choose(tuning->knobs, tuning->options->names, tuning->options->nnames);
	mm_knobs_standard(tuning->knobs, values);
	mm_knobs_encode(tuning->knobs, values, tuning->tried[0].point);
	judge(tuning, 0, 1.0);
	tuning->n = 1;
	put_row(tuning, tuning->first_step - 1, phase_of(tuning), 0, &tuning->outcomes[0], 0.0, 0.0, 0.0);
	begin_proposing(tuning, steps);
	for (int i = 0; i < steps && tuning->knobs->n > 0; i++)
	{
		CHECK_FOR_INTERRUPTS();
		take_step(tuning, tuning->first_step + i);
	}
	recommend(tuning);
}

/* ---------- arguments ---------- */

/*
 * Read the names of knobs, and check that there are such.
 */
static void
read_names(FunctionCallInfo fcinfo, const MMWorkload *workload, Options *options, bool *of_index,
		   bool *of_session)
{
	Datum	   *elements;
	bool	   *nulls;
	ArrayType  *array;

	*of_index = true;
	*of_session = false;
	if (PG_ARGISNULL(ARG_KNOBS))
		return;
	array = PG_GETARG_ARRAYTYPE_P(ARG_KNOBS);
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &options->nnames);
	options->names = palloc(sizeof(char *) * Max(options->nnames, 1));
	*of_index = false;
	for (int i = 0; i < options->nnames; i++)
	{
		bool		index;
		bool		session;

		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("the name of a knob must not be NULL")));
		options->names[i] = TextDatumGetCString(elements[i]);
		index = mm_knobs_is_name(workload, false, options->names[i]);
		session = mm_knobs_is_name(workload, true, options->names[i]);
		if (!index && !session)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("there is no knob \"%s\"", options->names[i]),
					 errhint("Available knobs: %s.", mm_knobs_list(workload))));
		*of_index |= index;
		*of_session |= session;
	}
	if (options->nnames == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are no knobs to tune"),
				 errhint("Available knobs: %s.", mm_knobs_list(workload))));
}

/*
 * The storage parameters that an index has and that are not tuned.  Where not all
 * sub-indexes are, the others stay as they are.
 */
static MMParameters
parameters_kept(Relation index, const Options *options)
{
	MMParameters parameters = mm_parameters_get(index);

	for (int i = 0; i < MM_PARAMETERS_OF_INDEX; i++)
		if (i != MM_PARAMETER_SCALES &&
			mm_knobs_names_include(options->names, options->nnames, mm_parameter_names[i]))
			parameters.values[i] = NULL;
	return parameters;
}

/*
 * mm_tune(index_name, workload, steps, method, reward, seed, knob_names, queries, copy_rows, judge,
 *		   confirm_rows)
 */
Datum
mm_tune(PG_FUNCTION_ARGS)
{
	Options		options = {0};
	MMWorkload *workload;
	bool		of_index;
	bool		of_session;
	int			session_steps;

	InitMaterializedSRF(fcinfo, 0);
	mm_require_argument(fcinfo, ARG_INDEX, "index_name");
	options.steps = mm_integer_argument(fcinfo, ARG_STEPS, "steps", 1, MAX_STEPS);
	options.method = mm_choice_argument(fcinfo, ARG_METHOD, "method", methods);
	options.reward = mm_choice_argument(fcinfo, ARG_REWARD, "reward", rewards);
	options.seed = mm_integer_argument(fcinfo, ARG_SEED, "seed", PG_INT32_MIN, PG_INT32_MAX);
	options.queries = mm_integer_argument(fcinfo, ARG_QUERIES, "queries", 1, MAX_QUERIES);
	options.rows = mm_integer_argument(fcinfo, ARG_ROWS, "copy_rows", 1, PG_INT32_MAX);
	options.timed = mm_choice_argument(fcinfo, ARG_JUDGE, "judge", judges) == 1;
	options.confirm_rows = mm_integer_argument(fcinfo, ARG_CONFIRM, "confirm_rows", 0, PG_INT32_MAX);
	workload = mm_workload_read(PG_GETARG_OID(ARG_INDEX), mm_text_argument(fcinfo, ARG_WORKLOAD, "workload"),
								options.queries, HELDOUT, options.seed);
	read_names(fcinfo, workload, &options, &of_index, &of_session);
	mm_found_forget();
	session_steps = !of_session ? 0 : !of_index ? options.steps : (int) rint(options.steps * SESSION_PART);
	if (of_index)
	{
		Tuning		tuning = {
			.options = &options,
			.workload = workload,
			.kept = parameters_kept(workload->learner->index, &options),
			.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo,
			.first_step = 1,
		};

		tuning.copy = mm_copy_make(workload, options.rows, options.seed, "mm_tune");
		tune(&tuning, options.steps - session_steps);
		mm_copy_drop(tuning.copy);
	}
	if (of_session)
	{
		Tuning		tuning = {
			.options = &options,
			.workload = workload,
			.present = NAN,
			.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo,
			.first_step = options.steps - session_steps + 1,
		};

		tune(&tuning, session_steps);
	}
	mm_workload_close(workload);
	return (Datum) 0;
}
