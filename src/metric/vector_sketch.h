/*-------------------------------------------------------------------------
 *
 * vector_sketch.h
 *	  Sketches of vectors; see vector_sketch.c.  The functions here are the
 *	  parts of a MetricRoutine for vectors of n floats, all of them finite.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_VECTOR_SKETCH_H
#define MM_VECTOR_SKETCH_H

#include "metric/metric.h"

typedef enum VectorMetric
{
	MM_VECTOR_L1,
	MM_VECTOR_L2,
	MM_VECTOR_LINF,
	MM_VECTOR_COSINE,
} VectorMetric;

/* More vectors than this do not improve the training. */
#define MM_VECTOR_SAMPLE	1000

/*
 * mm_vector_train: train on n vectors of dim components each, which are stored
 * one after the other.
 */
extern void *mm_vector_train(VectorMetric metric, const float *vectors, int n,
							 int dim, int budget, Size *size, MetricSketchShape *shape);

/*
 * mm_vector_model_dim: the number of components that sketched vectors have.
 */
extern int	mm_vector_model_dim(const void *model);

/*
 * mm_vector_sketch: the sketch of a vector.
 */
extern void mm_vector_sketch(const void *model, const float *x,
							 uint32 *words, uint8 *bytes);

/*
 * mm_vector_sketch_query: prepare a query vector for mm_vector_bounds.
 */
extern void *mm_vector_sketch_query(const void *model, const float *x);

/*
 * mm_vector_sketch_widen, mm_vector_sketch_query_widen: make a sketch, or a
 * prepared query, hold for all vectors whose distance from the one that it was
 * made of is at most error.  (Under cosine, this is the distance of the vectors
 * at length 1.)
 */
extern void mm_vector_sketch_widen(uint32 *words, double error);
extern void mm_vector_sketch_query_widen(void *query, double error);

/*
 * mm_vector_bounds: the sketch_bounds of a routine.
 */
extern void mm_vector_bounds(const void *query, const MetricSketchPlanes *planes,
							 float *lower, float *upper);

#endif							/* MM_VECTOR_SKETCH_H */
