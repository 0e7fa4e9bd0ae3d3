/*-------------------------------------------------------------------------
 *
 * feedback.c
 *	  mm_refine_weights: move weights towards what a user liked in a search's
 *	  results, and away from what the user disliked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "learn/learner.h"
#include "type/weights.h"

PG_FUNCTION_INFO_V1(mm_refine_weights);

#define FIT_STEPS	30

/*
 * Without disliked rows, at least this many other rows that a search finds
 * take their place.
 */
#define FEW_NEGATIVES	10

/*
 * Disliked rows, while they are read.  They are the negatives of the example.
 */
typedef struct Disliked
{
	MMExample  *example;
	void	  **prepared;
	const double *weights;
} Disliked;

static void
receive_disliked(MMLearner *learner, const MMRow *row, void *arg)
{
	Disliked   *disliked = arg;

	mm_candidates_add(learner, disliked->example, disliked->prepared, row, disliked->weights);
}

/*
 * The mean difference between the distances of a liked and a disliked row.
 */
static double
mean_difference(const MMContrast *contrast, const double *weights, int m)
{
	double		sum = 0.0;

	for (int i = 0; i < contrast->npositives; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < contrast->nnegatives; j++)
			sum += fabs(mm_weighted(contrast->positives + (Size) m * i, weights, m) -
						mm_weighted(contrast->negatives + (Size) m * j, weights, m));
	}
	return sum / ((double) contrast->npositives * contrast->nnegatives);
}

/*
 * mm_refine_weights(index_name, weights, query, liked, disliked)
 *
 * This minimizes the loss of mm_learn_weights over liked and disliked rows, in
 * units of their mean difference in distance, plus a pull towards the present
 * weights.  The pull costs 1 when the weights have moved by as much as their
 * own length.
 */
Datum
mm_refine_weights(PG_FUNCTION_ARGS)
{
	Oid			query_type = get_fn_expr_argtype(fcinfo->flinfo, 2);
	MMLearner  *learner;
	MMExample  *example;
	MMContrast	contrast = {.importance = 1.0};
	MMFitProblem problem = {.nexamples = 1, .examples = &contrast};
	double	   *weights;
	double		towards[MM_MAX_COLUMNS];
	double		w[MM_MAX_COLUMNS];
	double		unit;
	double		square = 0.0;
	Datum		elems[MM_MAX_COLUMNS];

	mm_require_argument(fcinfo, 0, "index_name");
	mm_require_argument(fcinfo, 2, "query");
	mm_require_argument(fcinfo, 3, "liked");
	learner = mm_learner_open(PG_GETARG_OID(0));
	problem.m = learner->m;
	weights = mm_weights_from_array(PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1), learner->m,
									mm_column_names(learner->columns), NULL);
	(void) mm_normalize_weights(weights, learner->m, weights);

	example = mm_example_query(learner, query_type, PG_GETARG_DATUM(2),
							   !mm_example_is_object(learner, query_type));
	mm_example_relevant(learner, example, get_fn_expr_argtype(fcinfo->flinfo, 3), PG_GETARG_DATUM(3));
	learner->max_negatives = INT_MAX / 2;
	if (!PG_ARGISNULL(4))
	{
		Disliked	disliked = {example, mm_learner_prepare(learner, example), weights};

		mm_key_find_all(learner, get_fn_expr_argtype(fcinfo->flinfo, 4), PG_GETARG_DATUM(4),
						receive_disliked, &disliked);
	}
	if (example->nnegatives == 0)
	{
		int			depth = example->nrelevant + Max(FEW_NEGATIVES, example->nrelevant);
		double		recall;
		double		radius;

		(void) mm_candidates_search(learner, example, weights, depth, depth, true, &recall, &radius);
	}
	contrast.npositives = example->nwanted;
	contrast.positives = example->wanted;
	contrast.nnegatives = example->nnegatives;
	contrast.negatives = example->negatives;

	memcpy(w, weights, sizeof(double) * learner->m);
	unit = contrast.nnegatives > 0 ? mean_difference(&contrast, weights, learner->m) : 0.0;
	if (unit > 0)
	{
		for (int c = 0; c < learner->m; c++)
		{
			w[c] = towards[c] = weights[c] / unit;
			square += towards[c] * towards[c];
		}
		problem.towards = towards;
		problem.pull = 2 / square;
		(void) mm_fit_weights(&problem, FIT_STEPS, w);
		if (!mm_normalize_weights(w, learner->m, w))
			memcpy(w, weights, sizeof(double) * learner->m);
	}
	for (int c = 0; c < learner->m; c++)
		elems[c] = Float8GetDatum(w[c]);
	mm_learner_close(learner);
	PG_RETURN_ARRAYTYPE_P(construct_array(elems, learner->m, FLOAT8OID, sizeof(float8),
										  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
