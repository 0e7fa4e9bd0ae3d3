/*-------------------------------------------------------------------------
 *
 * learn.c
 *	  mm_learn_weights: from examples to weights.
 *
 * This is OneDB (Qian et al.), section V. An iteration searches for the
 * examples' query objects under the present weights.  The rows found that are
 * not relevant are hard negatives.  The weights are then fitted to tell these
 * from the relevant rows.  This goes on until searches find nothing new or
 * recall does not rise any more.  As in the paper, positives are the relevant
 * rows that are no farther than the search went.  So a row that is relevant by
 * mistake, and far from everything, has no influence.
 *
 * There are three differences from the paper.  Negatives are kept from iteration
 * to iteration, so each fit is the minimum of a convex function, which only
 * becomes more exact.  Searches go twice as deep as k, to get negatives on
 * both sides of the border.  And recall is measured on examples that are held
 * out, and the weights that were best there are returned.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "learn/learner.h"

PG_FUNCTION_INFO_V1(mm_learn_weights);
PG_FUNCTION_INFO_V1(mm_learn_weights_trace);

/* The arguments.  The last two belong to mm_learn_weights only. */
enum
{
	ARG_INDEX,
	ARG_EXAMPLES,
	ARG_K,
	ARG_NEGATIVES,
	ARG_L1,
	ARG_HELDOUT,
	ARG_ITERATIONS,
	ARG_SEED,
	ARG_BOOTSTRAP,
	ARG_PROFILE
};

/* Searches go DEPTH times as deep as k. */
#define DEPTH			2
#define MAX_DEPTH		(INT_MAX / 4)

/*
 * The most examples that an iteration searches for, and the most of the
 * held-out ones.
 */
#define MAX_SEARCHED	200
#define MAX_HELDOUT		100

/* With fewer examples than this, none are held out. */
#define MIN_TO_HOLD_OUT	5

/* A start other than equal weights is tried on this many examples. */
#define TRIED			4

/*
 * The weight of the other columns where one is tried alone.  It orders ties.
 */
#define BESIDES			1e-6

/* Learning ends after this many iterations without a better recall. */
#define PATIENCE		4

/*
 * The loss of weights that are all zero.  A loss that is less by no more than
 * NO_GAIN means that the examples say nothing.
 */
#define NO_LOSS			M_LN2
#define NO_GAIN			1e-6

/* Learning also ends when all weights change by less than this. */
#define SETTLED			1e-4

/*
 * The number of Newton steps of a fit, and the pull towards zero that makes
 * its minimum unique.
 */
#define FIT_STEPS		20
#define PULL			1e-8

/* Weights less than this, of a sum of 1, are taken for zero. */
#define LEAST_WEIGHT	0.002

/* The most samples for intervals. */
#define MAX_BOOTSTRAP	10000

/* If fewer positives than this are near, all relevant rows are taken. */
#define MIN_NEAR		3

/* At least this many negatives are kept for an example. */
#define MIN_NEGATIVES		16

typedef struct Options
{
	int64		k;				/* 0: as many as there are relevant rows */
	bool		random;			/* negatives */
	double		l1;
	double		heldout;		/* part of the examples */
	int			iterations;		/* at most */
	int			seed;
	int			bootstrap;		/* samples */
	const char *profile;		/* to save as, or NULL */
} Options;

/*
 * Weights, and how good they are.
 */
typedef struct Judged
{
	double		w[MM_MAX_COLUMNS];	/* as fitted */
	double		weights[MM_MAX_COLUMNS];	/* normalized */
	double		loss;			/* NaN: not known */
	double		recall;
	double		heldout;		/* NaN without held-out examples */
} Judged;

typedef struct Learning
{
	MMLearner  *learner;
	const Options *options;
	instr_time	started;
	int			ntrain;			/* the first examples; the others are held out */
	double	   *radius;			/* of each training example's last search */
	MMContrast *contrasts;		/* of them */
	MMFitProblem problem;
	bool		dropped[MM_MAX_COLUMNS];	/* columns that cannot have weight */
	int			iterations;
	Judged		now;
	Judged		best;
	ReturnSetInfo *trace;		/* or NULL */
} Learning;

static double
seconds_since(instr_time started)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, started);
	return INSTR_TIME_GET_DOUBLE(now);
}

static Datum
array_of_doubles(const double *values, int n)
{
	Datum		elems[MM_MAX_COLUMNS];

	for (int i = 0; i < n; i++)
		elems[i] = Float8GetDatum(values[i]);
	return PointerGetDatum(construct_array(elems, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

static Datum
array_of_names(const MMLearner *learner)
{
	Datum		elems[MM_MAX_COLUMNS];

	for (int c = 0; c < learner->m; c++)
		elems[c] = CStringGetTextDatum(learner->columns->columns[c].name);
	return PointerGetDatum(construct_array(elems, learner->m, TEXTOID, -1, false, TYPALIGN_INT));
}

/* ---------- examples ---------- */

/*
 * Put the examples in random order.  The last ones are held out.
 */
static void
choose_heldout(Learning *learning)
{
	MMLearner  *learner = learning->learner;
	int			n = learner->nexamples;
	int			heldout = 0;

	mm_examples_shuffle(learner, learning->options->seed);
	if (n >= MIN_TO_HOLD_OUT)
		heldout = Min((int) rint(n * learning->options->heldout), n - 1);
	learning->ntrain = n - heldout;
}

/*
 * Determine how many negatives can be kept in maintenance_work_mem.
 */
static void
set_memory_limits(MMLearner *learner)
{
	double		memory = maintenance_work_mem * 1024.0;
	double		row = sizeof(double) * learner->m + sizeof(MMKnownRow);
	double		negatives;

	memory -= MemoryContextMemAllocated(learner->context, true);
	negatives = memory / row / learner->nexamples;
	if (negatives < MIN_NEGATIVES)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("the examples do not fit in maintenance_work_mem"),
				 errdetail("There are %d, and rows to tell them from need room, too.", learner->nexamples),
				 errhint("Increase maintenance_work_mem to %.0f MB, or give fewer examples.",
						 ceil((MIN_NEGATIVES - negatives) * row * learner->nexamples / 1048576 +
							  maintenance_work_mem / 1024.0))));
	learner->max_negatives = (int) Min(negatives, 10000);
}

static int64
k_of(const Learning *learning, const MMExample *example)
{
	return learning->options->k > 0 ? learning->options->k : example->nrelevant;
}

/*
 * How many rows to search for in order to learn from them.
 */
static int
depth_for(int64 k)
{
	return (int) (Min(k, MAX_DEPTH / DEPTH) * DEPTH);
}

/*
 * Search for an example.  *radius becomes the radius of the search.  Returns
 * recall, or NaN if the weights are on columns for which the query object has
 * no values.
 */
static double
search(Learning *learning, MMExample *example, const double *weights, bool keep, double *radius)
{
	int64		k = k_of(learning, example);
	double		recall;
	int			n = mm_candidates_search(learning->learner, example, weights,
										 (int) Min(k, MAX_DEPTH), depth_for(k), keep,
										 &recall, radius);

	if (n < 0)
	{
		*radius = HUGE_VAL;
		return NAN;
	}
	if (n < k)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is %lld, but table \"%s\" has only %d rows to be found", (long long) k,
						RelationGetRelationName(learning->learner->table), n)));
	return recall;
}

/*
 * Search for n examples, from the first on.  The examples form a circle of
 * count examples that begins at base.  Returns the mean recall.  radius has an
 * element for each example of the circle, or is NULL.
 */
static double
search_some(Learning *learning, const double *weights, int base, int count, int first, int n,
			bool keep, double *radius)
{
	double		sum = 0.0;
	int			searched = 0;

	for (int i = 0; i < n; i++)
	{
		int			e = (first + i) % count;
		double		ignored;
		double		recall = search(learning, &learning->learner->examples[base + e], weights, keep,
									radius ? &radius[e] : &ignored);

		if (!isnan(recall))
		{
			sum += recall;
			searched++;
		}
	}
	return searched > 0 ? sum / searched : NAN;
}

/* ---------- iterations ---------- */

/*
 * Choose the weights to start from: all equal, or one column alone if that is
 * better on some examples.  The searches for all of these starts give
 * negatives.
 *
 * In one column, many rows may be equally far: for categories, small integers,
 * short texts.  So the other columns have a little weight, too.  The negatives
 * are then rows that are also near in these, and the search need not look at
 * all rows that are equal.
 */
static void
choose_start(Learning *learning)
{
	MMLearner  *learner = learning->learner;
	int			n = Min(TRIED, learning->ntrain);
	bool		keep = !learning->options->random;
	double		best;

	mm_normalize_weights(learner->usable, learner->m, learning->now.weights);
	best = search_some(learning, learning->now.weights, 0, learning->ntrain, 0, n, keep, NULL);
	for (int c = 0; c < learner->m; c++)
	{
		double		weights[MM_MAX_COLUMNS];
		double		recall;

		if (learner->usable[c] == 0)
			continue;
		for (int i = 0; i < learner->m; i++)
			weights[i] = i == c ? 1.0 : BESIDES * learner->usable[i];
		recall = search_some(learning, weights, 0, learning->ntrain, 0, n, keep, NULL);
		if (recall > best)
		{
			best = recall;
			memset(learning->now.weights, 0, sizeof(learning->now.weights));
			learning->now.weights[c] = 1.0;
		}
	}
	memcpy(learning->now.w, learning->now.weights, sizeof(learning->now.w));
}

/*
 * Search under the present weights, to judge them and to find negatives.
 */
static void
search_iteration(Learning *learning)
{
	MMLearner  *learner = learning->learner;
	int			ntrain = learning->ntrain;
	int			nheldout = learner->nexamples - ntrain;
	int			n = Min(ntrain, MAX_SEARCHED);
	int			first = (int) ((int64) (learning->iterations - 1) * n % ntrain);
	Judged	   *now = &learning->now;

	now->recall = search_some(learning, now->weights, 0, ntrain, first, n,
							  !learning->options->random, learning->radius);
	now->heldout = search_some(learning, now->weights, ntrain, Max(nheldout, 1), 0,
							   Min(nheldout, MAX_HELDOUT), false, NULL);
	if (learning->options->random)
	{
		int64		k = 1;

		for (int i = 0; i < n; i++)
			k = Max(k, k_of(learning, &learner->examples[(first + i) % ntrain]));
		mm_candidates_random(learner, 0, ntrain, now->weights, depth_for(k),
							 learning->options->seed ^ learning->iterations);
	}
}

/*
 * Set up what the next fit is about.
 */
static void
set_contrasts(Learning *learning)
{
	MMLearner  *learner = learning->learner;

	for (int e = 0; e < learning->ntrain; e++)
	{
		MMExample  *example = &learner->examples[e];
		MMContrast *contrast = &learning->contrasts[e];

		*contrast = mm_candidates_contrast(learner, example, learning->now.weights,
										   learning->radius[e]);
		if (contrast->npositives < MIN_NEAR)
			contrast->npositives = example->nwanted;
	}
}

/*
 * Fit the present weights.  Returns the loss.
 *
 * An L1 term decides which columns to drop.  The weights of the others are
 * then fitted without it, because it makes them more alike than they should
 * be.  Weights so small that they only order rows that are equally far are
 * dropped, too.
 */
static double
fit(Learning *learning)
{
	MMFitProblem *problem = &learning->problem;
	double	   *w = learning->now.w;
	double		loss;
	double		sum = 0.0;
	bool		small[MM_MAX_COLUMNS];
	bool		again = false;

	for (int c = 0; c < problem->m; c++)
	{
		learning->dropped[c] = !mm_certainty_varies(problem, c);
		if (learning->dropped[c])
			w[c] = 0.0;
	}
	problem->l1 = learning->options->l1;
	loss = mm_fit_weights(problem, FIT_STEPS, w);
	for (int c = 0; c < problem->m; c++)
	{
		sum += w[c];
		learning->dropped[c] |= problem->l1 > 0 && w[c] == 0;
	}
	for (int c = 0; c < problem->m; c++)
	{
		small[c] = !learning->dropped[c] && w[c] < LEAST_WEIGHT * sum;
		again |= small[c] && w[c] > 0;
	}
	if (again || problem->l1 > 0)
	{
		for (int c = 0; c < problem->m; c++)
			if (small[c])
			{
				learning->dropped[c] = true;
				w[c] = 0.0;
			}
		problem->l1 = 0.0;
		loss = mm_fit_weights(problem, FIT_STEPS, w);
		/* With other examples, these columns might be needed. */
		for (int c = 0; c < problem->m; c++)
			learning->dropped[c] &= !small[c];
	}
	return loss;
}

static int64
count_negatives(const Learning *learning)
{
	int64		n = 0;

	for (int e = 0; e < learning->ntrain; e++)
		n += learning->learner->examples[e].nnegatives;
	return n;
}

static void
put_trace(const Learning *learning)
{
	const Judged *now = &learning->now;
	Datum		values[7];
	bool		isnull[7] = {false};

	values[0] = Int32GetDatum(learning->iterations);
	values[1] = array_of_doubles(now->weights, learning->learner->m);
	values[2] = Float8GetDatum(now->loss);
	values[3] = Float8GetDatum(now->recall);
	isnull[3] = isnan(now->recall);
	values[4] = Float8GetDatum(now->heldout);
	isnull[4] = isnan(now->heldout);
	values[5] = Int64GetDatum(count_negatives(learning));
	values[6] = Float8GetDatum(seconds_since(learning->started));
	tuplestore_putvalues(learning->trace->setResult, learning->trace->setDesc, values, isnull);
}

/*
 * Is the present recall above that of the best weights so far?
 */
static int
compare_recall(const Judged *now, const Judged *best)
{
	double		x = isnan(now->heldout) ? now->recall : now->heldout;
	double		y = isnan(best->heldout) ? best->recall : best->heldout;

	return x > y ? 1 : x < y ? -1 : 0;
}

/*
 * Learn.  The result is in learning->best.
 */
static void
learn(Learning *learning)
{
	MMLearner  *learner = learning->learner;
	const Options *options = learning->options;
	Judged	   *now = &learning->now;
	int			since_best = 0;

	set_memory_limits(learner);
	choose_heldout(learning);
	for (int c = 0; c < learner->m; c++)
		if (!mm_certainty_asked(learner, c))
			learner->usable[c] = 0;
	learning->radius = palloc(sizeof(double) * learning->ntrain);
	for (int e = 0; e < learning->ntrain; e++)
		learning->radius[e] = HUGE_VAL;
	learning->contrasts = palloc(sizeof(MMContrast) * learning->ntrain);
	learning->problem = (MMFitProblem) {
		.m = learner->m,
		.nexamples = learning->ntrain,
		.examples = learning->contrasts,
		.pull = PULL,
		.dropped = learning->dropped,
	};
	choose_start(learning);

	for (learning->iterations = 1;; learning->iterations++)
	{
		int64		negatives = count_negatives(learning);
		double		before[MM_MAX_COLUMNS];
		double		moved = 0.0;
		double		loss;

		search_iteration(learning);
		set_contrasts(learning);
		now->loss = mm_fit_weights(&learning->problem, 0, now->w);
		if (learning->trace != NULL)
			put_trace(learning);
		since_best++;
		if (learning->iterations == 1 || compare_recall(now, &learning->best) > 0)
			since_best = 0;
		if (learning->iterations == 1 || compare_recall(now, &learning->best) >= 0)
			learning->best = *now;
		if (learning->iterations >= options->iterations || since_best >= PATIENCE)
			break;

		memcpy(before, now->weights, sizeof(before));
		loss = fit(learning);
		if (loss > NO_LOSS - NO_GAIN || !mm_normalize_weights(now->w, learner->m, now->weights))
		{
			ereport(WARNING,
					(errmsg("no weights tell the relevant rows of these examples from others"),
					 errdetail("They are no nearer to their query objects, in any column.")));
			break;
		}
		for (int c = 0; c < learner->m; c++)
			moved = Max(moved, fabs(now->weights[c] - before[c]));
		if (moved < SETTLED && negatives == count_negatives(learning))
			break;
	}
	/* What follows is about the best weights. */
	*now = learning->best;
	set_contrasts(learning);
}

/* ---------- SQL functions ---------- */

static int64
at_least(int64 value, const char *name, int least)
{
	if (value < least)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at least %d, not %lld", name, least, (long long) value)));
	return value;
}

static int
get_integer(FunctionCallInfo fcinfo, int arg, const char *name, int least)
{
	mm_require_argument(fcinfo, arg, name);
	return (int) at_least(PG_GETARG_INT32(arg), name, least);
}

/*
 * A fraction: an argument from 0 to below 1.
 */
static double
get_part(FunctionCallInfo fcinfo, int arg, const char *name)
{
	double		value;

	mm_require_argument(fcinfo, arg, name);
	value = PG_GETARG_FLOAT8(arg);
	if (!(value >= 0 && value < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be from 0 to below 1, not %s", name,
						float8out_internal(value))));
	return value;
}

/*
 * Read the arguments that both functions have, and the examples.
 */
static void
begin_learning(FunctionCallInfo fcinfo, Learning *learning, Options *options)
{
	char	   *negatives;

	INSTR_TIME_SET_CURRENT(learning->started);
	mm_require_argument(fcinfo, ARG_INDEX, "index_name");
	mm_require_argument(fcinfo, ARG_EXAMPLES, "examples");
	mm_require_argument(fcinfo, ARG_NEGATIVES, "negatives");
	options->k = PG_ARGISNULL(ARG_K) ? 0 : at_least(PG_GETARG_INT64(ARG_K), "k", 1);
	negatives = text_to_cstring(PG_GETARG_TEXT_PP(ARG_NEGATIVES));
	options->random = strcmp(negatives, "random") == 0;
	if (!options->random && strcmp(negatives, "hard") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"negatives\": \"%s\"", negatives),
				 errhint("Available values: hard, random.")));
	options->l1 = get_part(fcinfo, ARG_L1, "l1");
	options->heldout = get_part(fcinfo, ARG_HELDOUT, "heldout");
	options->iterations = get_integer(fcinfo, ARG_ITERATIONS, "max_iterations", 1);
	options->seed = get_integer(fcinfo, ARG_SEED, "seed", PG_INT32_MIN);

	learning->options = options;
	learning->learner = mm_learner_open(PG_GETARG_OID(ARG_INDEX));
	if (get_fn_expr_argtype(fcinfo->flinfo, ARG_EXAMPLES) == JSONBOID)
		mm_examples_json(learning->learner, PG_GETARG_DATUM(ARG_EXAMPLES));
	else
	{
		char	   *literal = text_to_cstring(PG_GETARG_TEXT_PP(ARG_EXAMPLES));

		/*
		 * No query begins like this, so it is a jsonb literal without a cast.
		 */
		if (literal[strspn(literal, " \t\r\n")] == '[')
			mm_examples_json(learning->learner, DirectFunctionCall1(jsonb_in, CStringGetDatum(literal)));
		else
			mm_examples_query(learning->learner, literal);
	}
}

/*
 * How the weights were learned, as the text of a jsonb, for a profile.
 */
static char *
how_learned(const Learning *learning)
{
	const Options *options = learning->options;

	return psprintf("{\"examples\": %d, \"k\": %s, \"negatives\": \"%s\", \"l1\": %s,"
					" \"heldout\": %s, \"seed\": %d, \"iterations\": %d, \"seconds\": %.3f}",
					learning->learner->nexamples,
					options->k > 0 ? psprintf("%lld", (long long) options->k) : "null",
					options->random ? "random" : "hard", mm_sql_number(options->l1),
					mm_sql_number(options->heldout), options->seed, learning->iterations,
					seconds_since(learning->started));
}

Datum
mm_learn_weights(PG_FUNCTION_ARGS)
{
	Learning	learning = {0};
	Options		options = {0};
	Judged	   *best = &learning.best;
	MMLearner  *learner;
	TupleDesc	desc;
	double		lower[MM_MAX_COLUMNS];
	double		upper[MM_MAX_COLUMNS];
	Datum		values[9];
	bool		isnull[9] = {false};

	options.bootstrap = get_integer(fcinfo, ARG_BOOTSTRAP, "bootstrap", 0);
	if (options.bootstrap > MAX_BOOTSTRAP)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bootstrap must be at most %d, not %d", MAX_BOOTSTRAP, options.bootstrap)));
	if (!PG_ARGISNULL(ARG_PROFILE))
	{
		options.profile = text_to_cstring(PG_GETARG_TEXT_PP(ARG_PROFILE));
		mm_profile_require_writable();
	}
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	begin_learning(fcinfo, &learning, &options);
	learner = learning.learner;
	learn(&learning);
	if (options.bootstrap > 0)
	{
		MMRandom	random = {.seed = options.seed};

		mm_certainty_intervals(&learning.problem, best->w, options.bootstrap, &random, lower, upper);
	}
	mm_certainty_judge(learner, &learning.problem, best->weights, options.bootstrap > 0, lower, upper);

	values[0] = array_of_names(learner);
	values[1] = array_of_doubles(best->weights, learner->m);
	values[2] = array_of_doubles(lower, learner->m);
	values[3] = array_of_doubles(upper, learner->m);
	isnull[2] = isnull[3] = options.bootstrap == 0;
	values[4] = Float8GetDatum(best->recall);
	isnull[4] = isnan(best->recall);
	values[5] = Float8GetDatum(best->heldout);
	isnull[5] = isnan(best->heldout);
	values[6] = Float8GetDatum(best->loss);
	values[7] = Int32GetDatum(learning.iterations);
	values[8] = Float8GetDatum(seconds_since(learning.started));
	if (options.profile != NULL)
		mm_profile_save(options.profile, mm_sql_table(learner->index), values[0], values[1],
						best->recall, best->heldout, how_learned(&learning));
	mm_learner_close(learner);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, isnull)));
}

Datum
mm_learn_weights_trace(PG_FUNCTION_ARGS)
{
	Learning	learning = {0};
	Options		options = {0};

	InitMaterializedSRF(fcinfo, 0);
	learning.trace = (ReturnSetInfo *) fcinfo->resultinfo;
	begin_learning(fcinfo, &learning, &options);
	learn(&learning);
	mm_learner_close(learning.learner);
	return (Datum) 0;
}
