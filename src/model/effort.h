/*-------------------------------------------------------------------------
 *
 * effort.h
 *	  How many distances an index may measure when it is made.
 *
 * What is measured on a sample takes as many distances as make the result precise.
 * That takes seconds where a distance takes a microsecond, and hours where the values
 * are long texts, whose edit distance takes time as the product of their lengths.
 * So fewer are measured there.  How many depends on the values alone, so the same data
 * always have the same scales and the same model.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_EFFORT_H
#define MM_EFFORT_H

#include "index/columns.h"

/*
 * mm_effort: the usual work of a distance between two of n values of a column, in
 * products of bytes, or 0 if the metric's time is not such a product.
 *
 * mm_effort_distances: how many distances of that work may be measured: from least to
 * most, and between these no more than take the work MM_EFFORT_STEP.
 */
extern double mm_effort(const MMColumn *column, const Datum *values, int n);
extern int	mm_effort_distances(double effort, int least, int most);

/* A step takes about so much: two seconds. */
#define MM_EFFORT_STEP		4e10

/* And what is done to each row takes about so much: some milliseconds. */
#define MM_EFFORT_ROW		1e8

#endif							/* MM_EFFORT_H */
