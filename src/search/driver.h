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
	bool		paper;			/* the algorithm of the OneDB paper, on the shared
								 * tree and these parts (paper.h) */
	int			nparts;			/* 0: the shared tree; if more than 1, sub-indexes
								 * that are merged (merge.h) */
	const MMSubindex *parts[MM_MAX_COLUMNS];
	double		shares[MM_MAX_COLUMNS]; /* of the weight, that the parts have */
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
	const double *trained;		/* the weights it was made for; NULL: all alike */
	bool		tells_nulls;	/* see mm_search_tells_nulls */
	uint32		by_coordinates; /* columns whose query is not a value (MMTerm) */
} MMGoal;

/* The shared tree, each sub-index, and a merge: at most 2 more than there are sub-indexes. */
#define MM_MAX_SEARCH_DRIVERS	(2 + MM_MAX_COLUMNS)

/*
 * The setting mmdb.driver.
 */
typedef enum MMDriverSetting
{
	MM_DRIVER_AUTO,
	MM_DRIVER_SHARED,
	MM_DRIVER_SUBINDEX,
	MM_DRIVER_MERGE,
	MM_DRIVER_PAPER,
} MMDriverSetting;

extern int	mm_driver_setting;

extern void mm_driver_init(void);

/*
 * mm_drivers_rank: estimate what each driver would do, and list the best two, the
 * least work first.  drivers has room for MM_MAX_SEARCH_DRIVERS.  Returns how many
 * are listed, at least 1.
 */
extern int	mm_drivers_rank(const MMMeta *statistics, const MMForest *forest, const MMGoal *goal,
							MMSearchDriver *drivers);

#endif							/* MM_DRIVER_H */
