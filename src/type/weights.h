/*-------------------------------------------------------------------------
 *
 * weights.h
 *	  The checks of what a multi-metric query is made of.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_WEIGHTS_H
#define MM_WEIGHTS_H

#include "nodes/nodes.h"
#include "utils/array.h"

/*
 * Errors are soft where escontext allows: NULL or false is returned then.
 */

/*
 * mm_weights_from_array: the n weights in a float8[], or n ones if that is NULL.
 * Raises an error, naming the column (names: n of them), if there are not n,
 * or one is NULL, NaN, infinite or negative, or all are zero.
 */
extern float8 *mm_weights_from_array(ArrayType *array, int n, const char **names,
								  Node *escontext);

/*
 * mm_scales_from_array: likewise n scales, all finite and above zero; NULL if the
 * array is.
 */
extern float8 *mm_scales_from_array(ArrayType *array, int n, const char **names,
								 Node *escontext);

/*
 * mm_check_radius: raises an error if the radius is NaN or negative.
 */
extern bool mm_check_radius(float8 radius, Node *escontext);

#endif							/* MM_WEIGHTS_H */
