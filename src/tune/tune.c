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
 * Some queries are held out.  The best configuration for the others is recommended
 * only if it does not cost the held-out ones more than the defaults do, but for
 * TOLERANCE; and, where the copy is not the whole table, if that is also so in a larger
 * copy, and for a table that is as much larger as the whole one is.  Or else the next
 * best is, or the defaults are.
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

/* On these, in the copy, a recommended configuration may cost this much more than the defaults. */
#define TOLERANCE		0.02

/* So many of the best configurations are tried again, in a larger copy if there is one. */
#define MOST_CONFIRMED	3

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
	double		heldout;		/* cost of the held-out queries; NaN: not measured */
	MMEffort	heldout_mean;
	double		heldout_ms;		/* their median */
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
 * A row of the result.  step is -1 for a recommendation; then mean and median are
 * those of the queries held out, if there are any.
 */
static void
put_row(Tuning *tuning, int step, const char *phase, int number, double reward, double gain, double best_gain)
{
	const Outcome *outcome = &tuning->outcomes[number];
	bool		heldout = step < 0 && !isnan(outcome->heldout);
	const MMEffort *mean = heldout ? &outcome->heldout_mean : &outcome->mean;
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
	put_number(values, isnull, i++, heldout ? outcome->heldout_ms : outcome->median_ms);
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
 * Run queries in a copy, or in the table if that is NULL; *mean and the median of
 * their times are what they took.
 */
static double
run_tasks(const Tuning *tuning, const MMCopy *copy, int first, int n, MMEffort *mean)
{
	const MMWorkload *workload = tuning->workload;
	MMEffort   *each = palloc(sizeof(MMEffort) * n);
	double	   *ms = palloc(sizeof(double) * n);
	bool		real = copy == NULL;
	double		result;

	mm_effort_of_tasks(workload, first, n, real ? mm_sql_table(workload->learner->table) : copy->table,
					   real ? workload->rows : copy->rows, real, each, mean);
	for (int i = 0; i < n; i++)
		ms[i] = each[i].ms;
	result = median(ms, n);
	pfree(ms);
	pfree(each);
	return result;
}

/*
 * Run the held-out queries with the configuration that is in place.
 */
static void
run_heldout(const Tuning *tuning, Outcome *outcome)
{
	const MMWorkload *workload = tuning->workload;

	outcome->heldout = NAN;
	if (workload->nheldout == 0)
		return;
	outcome->heldout_ms = run_tasks(tuning, tuning->copy, workload->n - workload->nheldout, workload->nheldout,
									&outcome->heldout_mean);
	outcome->heldout = cost_of(tuning, &outcome->heldout_mean);
}

static void
run_configuration(Tuning *tuning, Outcome *outcome)
{
	const MMWorkload *workload = tuning->workload;

	outcome->heldout = NAN;
	outcome->median_ms = run_tasks(tuning, tuning->copy, 0, workload->n - workload->nheldout, &outcome->mean);
	/* Only the best are asked about these. */
	if (tuning->n == 0 || cost_of(tuning, &outcome->mean) < cost_of(tuning, &tuning->outcomes[tuning->best].mean))
		run_heldout(tuning, outcome);
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

/*
 * Do the held-out queries allow a configuration?
 */
static bool
is_allowed(const Tuning *tuning, int number)
{
	const Outcome *outcome = &tuning->outcomes[number];
	const Outcome *standard = &tuning->outcomes[0];

	return isnan(standard->heldout) || outcome->heldout <= (1 + TOLERANCE) * standard->heldout;
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
	put_row(tuning, step, phase_of(tuning), number, tuning->tried[number].reward, gain_of(tuning, number),
			gain_of(tuning, tuning->best));
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
 * The greatest ratio of its cost to that of the defaults that a configuration may have
 * for the whole table.
 */
static double
ratio_for_table(Tuning *tuning, int number)
{
	const Options *options = tuning->options;
	double		values[MM_MAX_KNOBS];
	double		ratio;
	int			level;

	if (tuning->confirm == NULL)
		tuning->confirm = mm_confirm_begin(tuning->workload, tuning->copy, mm_parameters_sql(&tuning->kept),
										   options->confirm_rows, options->seed, options->timed);
	mm_knobs_decode(tuning->knobs, tuning->tried[number].point, values);
	level = NewGUCNestLevel();
	if (tuning->copy == NULL)
		mm_knobs_set(tuning->knobs, values);
	ratio = mm_confirm_ratio(tuning->confirm, tuning->copy == NULL ? NULL : trial_parameters(tuning, values),
							 tuning->tried[number].cost);
	AtEOXact_GUC(true, level);
	return ratio;
}

/*
 * The number of the best configuration that may be recommended; 0 if none but the
 * defaults.
 */
static int
choose_recommended(Tuning *tuning)
{
	int			confirmed = 0;

	for (int i = tuning->nbests - 1; i >= 0 && confirmed < MOST_CONFIRMED; i--)
	{
		int			number = tuning->bests[i];
		double		ratio;

		if (!is_allowed(tuning, number))
		{
			ereport(NOTICE,
					(errmsg("a configuration that saves %.1f %% is not recommended", 100 * gain_of(tuning, number)),
					 errdetail("It costs queries that were held out %.1f %% more than the defaults.",
							   100 * (tuning->outcomes[number].heldout / tuning->outcomes[0].heldout - 1)),
					 errhint("More queries would tell better.")));
			continue;
		}
		confirmed++;
		ratio = ratio_for_table(tuning, number);
		if (ratio < 1)
			return number;
		ereport(NOTICE,
				(errmsg("a configuration that saves %.1f %% is not recommended", 100 * gain_of(tuning, number)),
				 errdetail("For other queries, or in the whole table, it may cost %.1f %% more than the defaults.",
						   100 * (ratio - 1)),
				 errhint("Give more queries, and raise copy_rows.")));
	}
	return 0;
}

/*
 * Recommend what was found.
 */
static void
recommend(Tuning *tuning)
{
	int			number = choose_recommended(tuning);
	const Outcome *outcome = &tuning->outcomes[number];
	const Outcome *standard = &tuning->outcomes[0];

	if (!isnan(tuning->present) && tuning->present <= cost_of(tuning, &outcome->mean))
		ereport(NOTICE,
				(errmsg("the index is better as it is than with what is recommended"),
				 errdetail("Its present parameters cost %.1f %% less than the defaults, and the recommended ones %.1f %% less.",
						   100 * (1 - tuning->present / cost_of(tuning, &standard->mean)), 100 * gain_of(tuning, number)),
				 errhint("More steps may find better ones.")));
	put_row(tuning, -1, tuning->copy != NULL ? "index, result" : "session, result", number, NAN,
			isnan(standard->heldout) ? NAN : 1.0 - outcome->heldout / standard->heldout,
			gain_of(tuning, number));
	if (tuning->confirm != NULL)
		mm_confirm_end(tuning->confirm);
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
	MMEffort	mean;

	if (strcmp(sql, mm_parameters_sql(&tuning->kept)) == 0)
		return NAN;
	index = mm_copy_build(tuning->copy, mm_all_columns(tuning->workload), sql);
	(void) run_tasks(tuning, tuning->copy, 0, tuning->workload->n - tuning->workload->nheldout, &mean);
	mm_copy_unbuild(tuning->copy, &index);
	return cost_of(tuning, &mean);
}

/*
 * Tune by so many steps: the storage parameters, in a copy, or without one the
 * settings.
 */
static void
tune(Tuning *tuning, int steps)
{
	double		values[MM_MAX_KNOBS];

	tuning->tried = MemoryContextAllocExtended(CurrentMemoryContext, sizeof(MMTried) * (steps + 1),
											   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	tuning->outcomes = palloc0(sizeof(Outcome) * (steps + 1));
	tuning->bests = palloc(sizeof(int) * (steps + 1));
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
	put_row(tuning, tuning->first_step - 1, phase_of(tuning), 0, 0.0, 0.0, 0.0);
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
