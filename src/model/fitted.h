/*-------------------------------------------------------------------------
 *
 * fitted.h
 *	  Coordinates that a metric fits to the values of a column.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_FITTED_H
#define MM_FITTED_H

#include "index/columns.h"

/*
 * mm_fitted_train: train the coordinates that a column's metric can fit to its
 * values, of which n are given.  Returns the metric's model, or NULL if it has none.
 * gains[i] is how far i + 1 coordinates tell two values apart, as mm_pivots_choose
 * measures it.  Raises an error if the metric promises coordinates that are not
 * allowed.
 */
extern void *mm_fitted_train(MMColumn *column, double scale, const Datum *values, int n,
							 Size *size, MetricTrainedCoordinates *trained, double *gains);

#endif							/* MM_FITTED_H */
