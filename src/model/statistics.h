/*-------------------------------------------------------------------------
 *
 * statistics.h
 *	  Statistics of the distances between the rows of a table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_STATISTICS_H
#define MM_STATISTICS_H

#include "model/sample.h"

/*
 * mm_statistics_measure: metadata made from a sample of a table that has
 * table_rows rows, in the current context.
 */
extern MMMeta *mm_statistics_measure(const MMSample *sample,
									 MMColumns *columns, double table_rows);

/*
 * mm_statistics_of_values: the number of pairs, and mean, variance and scale
 * of n values.
 */
extern void mm_statistics_of_values(MMColumn *column, const Datum *values, int n,
									MMColumnStatistics *stats);

/*
 * mm_statistics_scales: the scales of n columns; NULL where none was measured.
 */
extern void mm_statistics_scales(const MMMeta *meta, int n, double *scales, bool *isnull);

/*
 * mm_statistics_get: the statistics of these columns of an index.  For a
 * partitioned index, they are means over its partitions, weighted by their
 * numbers of values.  The result is a fresh copy, in the current context.
 * Columns with no pairs have not been measured: their scale of 1 is a stand-in
 * for cost estimates, not to be shown to users.
 */
extern MMMeta *mm_statistics_get(Relation index, const MMColumns *columns);

#endif							/* MM_STATISTICS_H */
