/*-------------------------------------------------------------------------
 *
 * driver.h
 *	  What drives a search: the shared tree, or a sub-index.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_DRIVER_H
#define MM_DRIVER_H

#include "model/forest.h"
#include "model/pairs.h"
#include "search/estimate.h"

typedef struct MMSearchDriver
{
	const MMSubindex *subindex;	/* NULL: the shared tree */
	MMSearchEstimate estimate;
	double		work;			/* of that, in entries */
} MMSearchDriver;

/*
 * What is searched for, as far as it is known.
 */
typedef struct MMGoal
{
	MMWeights	weights;
	double		radius;			/* Infinity: none */
	double		k;				/* so many nearest; 0: all within the radius */
	double		tuples;			/* rows in the index */
	double		pages;			/* of the shared tree */
} MMGoal;

/*
 * The setting mmdb.driver.
 */
typedef enum MMDriverSetting
{
	MM_DRIVER_AUTO,
	MM_DRIVER_SHARED,
	MM_DRIVER_SUBINDEX,
} MMDriverSetting;

extern int	mm_driver_setting;

extern void mm_driver_init(void);

/*
 * mm_drivers_rank: estimate what each driver would do, and list them, the least
 * work first.  drivers has room for 1 + MM_MAX_COLUMNS.  Returns how many there
 * are, at least 1.
 */
extern int	mm_drivers_rank(const MMMeta *statistics, const MMForest *forest, const MMGoal *goal,
							MMSearchDriver *drivers);

#endif							/* MM_DRIVER_H */
