/*-------------------------------------------------------------------------
 *
 * describe.h
 *	  The columns of a new region tree.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_REGION_DESCRIBE_H
#define MM_REGION_DESCRIBE_H

#include "model/sample.h"
#include "region/format.h"

/*
 * mm_region_describe: write down the metric of column c of a sample, and choose
 * how its values are embedded: by raw coordinates, by the distance to a pivot
 * (only if there is a scale), or not at all.
 */
extern void mm_region_describe(MMColumn *column, double scale, const MMSample *sample, int c,
							   MMWrittenColumn *written);

#endif							/* MM_REGION_DESCRIBE_H */
