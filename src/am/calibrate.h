/*-------------------------------------------------------------------------
 *
 * calibrate.h
 *	  Measuring what pages, entries, rows and distances cost.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_CALIBRATE_H
#define MM_CALIBRATE_H

#include "storage/itemptr.h"
#include "utils/palloc.h"

#include "index/columns.h"

/* As many rows are read by their places, and are measured distances of. */
#define MM_CALIBRATED_ROWS		2000

/* The result is tried on searches for so many rows. */
#define MM_TRIED_ROWS		10

/*
 * What is measured, in nanoseconds.
 */
typedef struct MMTimes
{
	double		cost_unit;		/* of the planner's costs, as cpu_tuple_cost sees it */
	double		page;			/* of the index */
	double		entry;
	double		row;			/* of the table, by its place */
	double		distances[MM_MAX_COLUMNS];	/* -1: not measured */
	double		expected[MM_MAX_COLUMNS];	/* by the planner's costs */
	double		search;			/* of those that are tried, on average */
	double		search_pages;
	double		search_entries;
} MMTimes;

typedef struct MMCalibration
{
	Relation	heap;
	Relation	index;
	MMColumns  *columns;
	MMMeta	   *meta;
	int			nrows;			/* sampled */
	ItemPointerData places[MM_CALIBRATED_ROWS];
	MemoryContext contexts[MM_CALIBRATED_ROWS];	/* of their values */
	Datum	   *values[MM_CALIBRATED_ROWS];	/* of the columns */
	bool	   *isnull[MM_CALIBRATED_ROWS];
	MMTimes		times;
} MMCalibration;

/*
 * mm_calibration_measure: measure all of it.  heap, index, columns and meta are set.
 * Raises an error if there is too little to measure.
 */
extern void mm_calibration_measure(MMCalibration *c);

#endif							/* MM_CALIBRATE_H */
