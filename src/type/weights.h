/*-------------------------------------------------------------------------
 *
 * weights.h
 *	  Checks of the weights, scales and radius of a query.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_WEIGHTS_H
#define MM_WEIGHTS_H

#include "nodes/nodes.h"
#include "utils/array.h"

/*
 * Errors are soft where escontext allows it; the functions then return NULL or
 * false.
 */

/*
 * mm_weights_from_array: the n weights in a float8[], or n ones if the array
 * is NULL.  Raises an error that names the column (names has n of them, or is NULL if
 * they are components without names) if there are not n weights, if one is NULL, NaN,
 * infinite or negative, or if all are zero.
 */
extern float8 *mm_weights_from_array(ArrayType *array, int n, const char **names,
								  Node *escontext);

/*
 * mm_scales_from_array: likewise n scales, all of them finite and above zero.
 * Returns NULL if the array is NULL.
 */
extern float8 *mm_scales_from_array(ArrayType *array, int n, const char **names,
								 Node *escontext);

/*
 * mm_check_radius: returns true; raises an error if the radius is NaN or
 * negative.
 */
extern bool mm_check_radius(float8 radius, Node *escontext);

#endif							/* MM_WEIGHTS_H */
