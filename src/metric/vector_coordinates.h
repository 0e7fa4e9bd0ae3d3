/*-------------------------------------------------------------------------
 *
 * vector_coordinates.h
 *	  Trained coordinates of vectors; see vector_coordinates.c.  The functions here
 *	  are the parts of a MetricRoutine for vectors of floats, all of them finite.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_VECTOR_COORDINATES_H
#define MM_VECTOR_COORDINATES_H

#include "metric/vector_sketch.h"

/*
 * mm_vector_train_coordinates: train on n vectors of dim components each, which are
 * stored one after the other.  Returns NULL under L-infinity, where pivots
 * tell as much.
 */
extern void *mm_vector_train_coordinates(VectorMetric metric, const float *vectors, int n,
										 int dim, Size *size, MetricTrainedCoordinates *trained);

/*
 * mm_vector_coordinates_dim: the number of components that vectors have.
 */
extern int	mm_vector_coordinates_dim(const void *model);

/*
 * mm_vector_coordinates: the first n coordinates of a vector.  Returns how far they
 * may be off, as trained_coordinates does (metric_routine.h).
 */
extern double mm_vector_coordinates(const void *model, const float *vector, int n, double *x);

#endif							/* MM_VECTOR_COORDINATES_H */
