/*-------------------------------------------------------------------------
 *
 * certainty.c
 *	  How certain learned weights are: bootstrap intervals (Efron), and
 *	  warnings about weights that the examples do not determine.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/compare.h"
#include "learn/learner.h"

/*
 * From fewer examples than this, it is not the examples that are drawn, but
 * their positives.
 */
#define MIN_EXAMPLES	5

/* The Newton steps of a fit that begins near its end. */
#define STEPS			10

/* The fraction that is left out at either end of an interval. */
#define TAIL			0.025

/* An interval wider than this is worth a warning. */
#define WIDE			0.5

/* Distances that differ by less than this are the same. */
#define SAME			1e-9

/*
 * n examples, drawn with replacement.
 */
static void
draw_examples(const MMFitProblem *problem, MMContrast *sample, MMRandom *random)
{
	int			n = problem->nexamples;

	for (int e = 0; e < n; e++)
	{
		sample[e] = problem->examples[e];
		sample[e].importance = 0.0;
	}
	for (int i = 0; i < n; i++)
		sample[mm_random_below(random, n)].importance += 1.0;
}

/*
 * The positives of each example, drawn with replacement.
 */
static void
draw_positives(const MMFitProblem *problem, MMContrast *sample, MMRandom *random)
{
	Size		m = problem->m;

	for (int e = 0; e < problem->nexamples; e++)
	{
		const MMContrast *from = &problem->examples[e];
		double	   *rows = palloc(sizeof(double) * m * Max(from->npositives, 1));

		for (int i = 0; i < from->npositives; i++)
			memcpy(rows + m * i, from->positives + m * mm_random_below(random, from->npositives),
				   sizeof(double) * m);
		sample[e] = *from;
		sample[e].positives = rows;
	}
}

void
mm_certainty_intervals(const MMFitProblem *problem, const double *w, int samples, MMRandom *random,
					   double *lower, double *upper)
{
	int			m = problem->m;
	double	   *weights = palloc(sizeof(double) * m * samples);	/* m x samples */
	MMContrast *sample = palloc(sizeof(MMContrast) * problem->nexamples);
	MMFitProblem again = *problem;
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "mmdb bootstrap",
											   ALLOCSET_DEFAULT_SIZES);
	int			tail = (int) (samples * TAIL);

	again.examples = sample;
	for (int i = 0; i < samples; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(work);
		double		fitted[MM_MAX_COLUMNS];

		CHECK_FOR_INTERRUPTS();
		if (problem->nexamples >= MIN_EXAMPLES)
			draw_examples(problem, sample, random);
		else
			draw_positives(problem, sample, random);
		memcpy(fitted, w, sizeof(double) * m);
		mm_fit_weights(&again, STEPS, fitted);
		(void) mm_normalize_weights(fitted, m, fitted);
		for (int c = 0; c < m; c++)
			weights[(Size) c * samples + i] = fitted[c];
		MemoryContextSwitchTo(old);
		MemoryContextReset(work);
	}
	for (int c = 0; c < m; c++)
	{
		double	   *of_column = weights + (Size) c * samples;

		qsort(of_column, samples, sizeof(double), mm_compare_doubles);
		lower[c] = of_column[tail];
		upper[c] = of_column[samples - 1 - tail];
	}
	MemoryContextDelete(work);
	pfree(sample);
	pfree(weights);
}

bool
mm_certainty_varies(const MMFitProblem *problem, int column)
{
	for (int e = 0; e < problem->nexamples; e++)
	{
		const MMContrast *example = &problem->examples[e];
		double		low = HUGE_VAL;
		double		high = -HUGE_VAL;

		for (int i = 0; i < example->npositives + example->nnegatives; i++)
		{
			double		x = i < example->npositives ?
				example->positives[(Size) problem->m * i + column] :
				example->negatives[(Size) problem->m * (i - example->npositives) + column];

			low = Min(low, x);
			high = Max(high, x);
		}
		if (high - low > SAME)
			return true;
	}
	return false;
}

bool
mm_certainty_asked(const MMLearner *learner, int column)
{
	for (int e = 0; e < learner->nexamples; e++)
		for (int i = 0; i < learner->examples[e].terms->n; i++)
			if (learner->examples[e].terms->terms[i].column == column)
				return true;
	return false;
}

/*
 * Why the examples say nothing about a column, or NULL if they do say
 * something.
 */
static const char *
why_undetermined(const MMLearner *learner, const MMFitProblem *problem, int column,
				 const char **hint)
{
	if (!OidIsValid(learner->columns->columns[column].opclass))
	{
		*hint = "Create a default operator class for the type.";
		return "Its type has no metric.";
	}
	if (!mm_certainty_asked(learner, column))
	{
		*hint = "Give examples whose query objects have a value for it.";
		return "No query object has a value for it.";
	}
	if (!mm_certainty_varies(problem, column))
	{
		*hint = "Give examples of query objects whose distances to rows differ in this column.";
		return "All rows looked at are at the same distance there.";
	}
	return NULL;
}

void
mm_certainty_judge(const MMLearner *learner, const MMFitProblem *problem, double *weights,
				   bool have_intervals, double *lower, double *upper)
{
	double		determined[MM_MAX_COLUMNS];
	const char *hint;

	for (int c = 0; c < learner->m; c++)
		determined[c] = why_undetermined(learner, problem, c, &hint) == NULL ? weights[c] : 0.0;
	if (mm_normalize_weights(determined, learner->m, determined))
		memcpy(weights, determined, sizeof(double) * learner->m);

	for (int c = 0; c < learner->m; c++)
	{
		const char *detail = why_undetermined(learner, problem, c, &hint);

		if (detail != NULL)
		{
			lower[c] = 0.0;
			upper[c] = 1.0;
		}
		else if (have_intervals)
		{
			lower[c] = Min(lower[c], weights[c]);
			upper[c] = Max(upper[c], weights[c]);
			hint = "Give more examples.";
			if (upper[c] - lower[c] > WIDE)
				detail = psprintf("It may be anything from %.2f to %.2f.", lower[c], upper[c]);
		}
		if (detail != NULL)
			ereport(WARNING,
					(errmsg("the examples do not determine the weight of column \"%s\"",
							learner->columns->columns[c].name),
					 errdetail_internal("%s", detail),
					 errhint("%s", hint)));
	}
}
