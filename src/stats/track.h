/*-------------------------------------------------------------------------
 *
 * track.h
 *	  What searches tell of themselves when they end.
 *
 * Whatever searches, a custom scan or an index scan, fills in an MMSearchCall
 * and hands it over.  It does not know what becomes of it (record.c).
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_TRACK_H
#define MM_TRACK_H

#include "base/ticks.h"
#include "search/search.h"
#include "stats/query_class.h"

/*
 * The work of searches.  All of it is int64, so that it can be added up as an
 * array.
 */
typedef struct MMSearchWork
{
	int64		rows;			/* returned */
	int64		inner_pages;
	int64		leaf_pages;
	int64		sketch_pages;	/* of the leaves, with their sketches */
	int64		postings_pages;
	int64		entries;		/* bounded */
	int64		sketched_entries;
	int64		refined;
	int64		postings;
	int64		candidates;
	int64		verified;		/* rows read */
	int64		proved;			/* of these, by bounds alone */
	int64		by_shared;		/* searches that began with the shared tree, ... */
	int64		by_subindex;
	int64		by_merge;
	int64		by_paper;
	int64		changes;		/* of the driver */
	int64		spills;			/* to disk */
	int64		table_scans;	/* the whole table was read instead */
	int64		distances[MM_MAX_COLUMNS];	/* computed, by columns */
} MMSearchWork;

#define MM_WORK_COUNTS	(sizeof(MMSearchWork) / sizeof(int64))

/*
 * mm_work_add: add work to other work.
 *
 * mm_work_add_search: add what a search has counted.
 */
static inline void
mm_work_add(MMSearchWork *total, const MMSearchWork *work)
{
	for (Size i = 0; i < MM_WORK_COUNTS; i++)
		((int64 *) total)[i] += ((const int64 *) work)[i];
}

extern void mm_work_add_search(MMSearchWork *work, const MMSearchStats *stats);

/*
 * One search that has ended.
 */
typedef struct MMSearchCall
{
	Oid			user;			/* who has begun it, and whose search it is */
	Oid			index;
	int			ncolumns;		/* of the index */
	MMQueryClass class;
	int64		k;				/* rows asked for; 0: unknown */
	double		radius;			/* NaN: none */
	double		milliseconds;
	Size		memory;			/* at its peak */
	MMSearchWork work;

	/* What a distance in each column adds to the sum; NULL: not known. */
	const double *factors;

	/*
	 * The query object as an odbquery with a component for each column, in the
	 * current context; NULL if it cannot be had.  This must not raise an error.
	 */
	struct varlena *(*object) (void *state);
	void	   *object_state;
} MMSearchCall;

/* How much of its searches a session records. */
typedef enum MMTrackSetting
{
	MM_TRACK_NONE,
	MM_TRACK_TOP,				/* those of statements that clients send */
	MM_TRACK_ALL,
} MMTrackSetting;

/* What is kept of some searches as a sample. */
typedef enum MMSamplesSetting
{
	MM_SAMPLES_NONE,
	MM_SAMPLES_WEIGHTS,
	MM_SAMPLES_OBJECTS,			/* and their query objects */
} MMSamplesSetting;

extern int	mm_track_setting;
extern int	mm_track_samples;
extern int	mm_track_most;		/* entries */
extern bool mm_track_save;

/* How deep the statement that runs is nested; 1: a client has sent it. */
extern int	mm_track_level;

/* How many searches this session has recorded. */
extern int64 mm_track_count;

/*
 * mm_track_init: define the settings, and count levels from now on.
 */
extern void mm_track_init(void);

/*
 * mm_track_wanted: is a search that begins now to be recorded?
 */
static inline bool
mm_track_wanted(void)
{
	return mm_track_setting == MM_TRACK_ALL ||
		(mm_track_setting == MM_TRACK_TOP && mm_track_level <= 1);
}

/* record.c */

/*
 * mm_track_search: record a search.
 */
extern void mm_track_search(const MMSearchCall *call);

/*
 * mm_track_alternative: record that so many queries of a class were answered by
 * something else, whose name is label, in so much time each, with this recall and
 * accuracy on average.
 */
extern void mm_track_alternative(Oid index, const MMQueryClass *class, const char *label,
								 int64 queries, double milliseconds, double recall,
								 double accuracy);

/*
 * mm_track_profile: record that a statement has used a weight profile.
 */
extern void mm_track_profile(const char *name);

#endif							/* MM_TRACK_H */
