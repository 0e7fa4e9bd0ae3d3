/*-------------------------------------------------------------------------
 *
 * packing.c
 *	  The storage parameter "weights": what weights an index is made for.
 *
 * Any weights may be searched for in any index, and are answered exactly.  But how
 * the tree is divided, and which columns get most coordinates, can suit some weights
 * better than others.  (This is the scaling S in MQRLD's transformation, section 5.2:
 * directions are scaled by how much queries care for them.)
 *
 * The parameter is an array of numbers, which begins with a brace, or else the name
 * of a weight profile.  A profile is looked up when the index is made, with the rights
 * of its owner.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/array.h"
#include "utils/rel.h"

#include "index/options.h"
#include "index/packing.h"
#include "index/profile.h"
#include "type/weights.h"

/*
 * The weights that the parameter stands for, or NULL.
 */
static double *
find_weights(Relation index, const MMColumns *columns, const char *value, int elevel)
{
	ArrayType  *array = mm_options_parse_weights(value);

	if (array == NULL)
	{
		Oid			user;
		int			context;
		double	   *weights;

		/* An insertion can train the index, too, by a user who may not read profiles. */
		GetUserIdAndSecContext(&user, &context);
		SetUserIdAndSecContext(index->rd_rel->relowner, context | SECURITY_LOCAL_USERID_CHANGE);
		/* A dump may make an index before it loads the profiles, or without them. */
		weights = mm_profile_get(value, columns->n, mm_column_names(columns),
								 Min(elevel, WARNING));
		SetUserIdAndSecContext(user, context);
		return weights;
	}
	if (ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) == columns->n)
		return mm_weights_from_array(array, columns->n, mm_column_names(columns), NULL);
	ereport(elevel,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the number of weights is not that of the columns of index \"%s\"",
					RelationGetRelationName(index)),
			 errdetail("The weights are %s, but the columns %s.",
					   value, mm_columns_list(columns)),
			 errhint("ALTER INDEX ... RESET (weights) removes it.")));
	return NULL;
}

static void
index_error_context(void *arg)
{
	errcontext("storage parameter \"weights\" of index \"%s\"", (const char *) arg);
}

void
mm_packing_check(const MMColumns *columns, const char *value)
{
	ArrayType  *array = mm_options_parse_weights(value);

	/* Of another number of weights, it is not known which columns they are for. */
	if (array != NULL && ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) == columns->n)
		(void) mm_weights_from_array(array, columns->n, mm_column_names(columns), NULL);
}

void
mm_packing_weights(Relation index, const MMColumns *columns, int elevel, double *weights)
{
	ErrorContextCallback callback = {
		.callback = index_error_context,
		.arg = RelationGetRelationName(index),
	};
	const char *value = mm_options_weights(index);
	const double *found = NULL;
	double		largest = 0.0;
	double		sum = 0.0;
	int			positive = 0;

	if (value != NULL)
	{
		callback.previous = error_context_stack;
		error_context_stack = &callback;
		found = find_weights(index, columns, value, elevel);
		error_context_stack = callback.previous;
	}
	for (int i = 0; i < columns->n && found != NULL; i++)
		largest = Max(largest, found[i]);
	for (int i = 0; i < columns->n; i++)
	{
		weights[i] = found != NULL ? found[i] / largest : 1.0;
		sum += weights[i];
		positive += weights[i] > 0;
	}
	for (int i = 0; i < columns->n; i++)
		weights[i] *= positive / sum;
}
