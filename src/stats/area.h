/*-------------------------------------------------------------------------
 *
 * area.h
 *	  The memory that has the statistics of queries, shared by all sessions if
 *	  possible.
 *
 * It is one piece of memory without pointers, as it may be at another address
 * in each process.  Entries are found by a hash table of lists.
 *
 * Locking, as in pg_stat_statements: whoever looks an entry up holds the lock
 * shared, and whoever makes or removes entries, or kept objects, holds it
 * exclusively; the uses of profiles, too.  Whoever reads or changes what an entry has counted also holds
 * the entry's spinlock.  An entry's key, label and kept objects do not change
 * under a shared lock.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_AREA_H
#define MM_AREA_H

#include "datatype/timestamp.h"
#include "storage/lwlock.h"
#include "storage/spin.h"

#include "stats/track.h"

/* Changed whenever the meaning of what is stored changes, in memory and in the file. */
#define MM_STATS_FORMAT	0x6d6d7101

/* Sampled searches of a class. */
#define MM_MAX_SAMPLES		16

/* Names of profiles and alternatives are cut off to this size. */
#define MM_LABEL_SIZE		NAMEDATALEN

/* Objects that are larger are not kept. */
#define MM_OBJECT_SIZE		8160

typedef struct MMStatsKey
{
	Oid			database;
	Oid			user;
	Oid			index;
	MMQueryClass class;
} MMStatsKey;

/*
 * A sampled search.
 */
typedef struct MMSample
{
	double		priority;		/* the least one is replaced; see record.c */
	int32		object;			/* the kept object that is its own; -1: none */
	bool		has_object;		/* that has something of this search */
	bool		has_factors;
	int64		k;				/* 0: unknown */
	double		radius;			/* NaN: none */
	double		milliseconds;
	double		factors[MM_MAX_COLUMNS];
} MMSample;

/*
 * What is known of the queries of a class.
 */
typedef struct MMCounters
{
	int64		calls;
	double		total;			/* milliseconds */
	double		least;
	double		most;
	double		mean;
	double		squares;		/* of the differences from the mean, added up */
	Size		memory;			/* the most of any call */
	MMSearchWork work;
	int64		measured;		/* queries of which the following is known: */
	double		recall;			/* added up */
	double		accuracy;
	double		recent;			/* calls; those of long ago count for less */
	TimestampTz recent_at;		/* as of then */
	TimestampTz since;
	TimestampTz last;
	int			ncolumns;
	int			nsamples;
} MMCounters;

typedef struct MMStatsEntry
{
	MMStatsKey	key;
	int32		next;			/* in its list, or of free entries; -1: none */
	slock_t		mutex;
	double		usage;			/* the least used are evicted */
	char		label[MM_LABEL_SIZE];
	MMCounters	counters;
	MMSample	samples[MM_MAX_SAMPLES];
} MMStatsEntry;

/*
 * A query object that is kept.
 */
typedef struct MMKeptObject
{
	int32		entry;			/* whose sample has it; -1: none */
	int32		sample;
	uint32		size;
	char		data[MM_OBJECT_SIZE + 20];
} MMKeptObject;

/*
 * How often a weight profile was used.
 */
typedef struct MMProfileUse
{
	Oid			database;		/* InvalidOid: free */
	Oid			user;
	char		name[MM_LABEL_SIZE];
	int64		uses;
	TimestampTz last;
} MMProfileUse;

typedef enum MMAreaKind
{
	MM_AREA_SESSION,			/* of this process alone */
	MM_AREA_REGISTERED,			/* in the registry of dynamic shared memory */
	MM_AREA_PRELOADED,			/* in shared memory, since the server has started */
} MMAreaKind;

typedef struct MMStatsArea
{
	MMAreaKind	kind;
	int			tranche;
	LWLock		lock;
	int			most;			/* entries */
	int			nbuckets;
	int			most_objects;
	int			most_profiles;
	int			nentries;
	int			ntouched;		/* entries that have ever been in use; no others have
								 * been written to */
	int			ntouched_objects;	/* likewise */
	int32		free;			/* the first of these that is free; -1: none */
	int32		next_object;	/* where to look for a place next */
	int64		evicted;
	TimestampTz reset;
} MMStatsArea;

/* shared.c */

/*
 * mm_area_init: ask for shared memory, if the server is about to start.
 *
 * mm_area_get: the area.  The first call in a process may make it.
 */
extern void mm_area_init(void);
extern MMStatsArea *mm_area_get(void);

/* area.c */

/*
 * mm_area_size: how much memory an area of so many entries takes.
 *
 * mm_area_make: make an empty one.
 *
 * mm_area_lock, mm_area_unlock: take and release the lock.
 */
extern Size mm_area_size(int most);
extern void mm_area_make(MMStatsArea *area, MMAreaKind kind, int most);
extern void mm_area_lock(MMStatsArea *area, LWLockMode mode);
extern void mm_area_unlock(MMStatsArea *area);

/*
 * mm_area_entry, mm_area_object, mm_area_profile: one of them by its number.
 *
 * mm_area_in_use: is this entry in use?
 */
extern MMStatsEntry *mm_area_entry(MMStatsArea *area, int i);
extern MMKeptObject *mm_area_object(MMStatsArea *area, int i);
extern MMProfileUse *mm_area_profile(MMStatsArea *area, int i);
extern bool mm_area_in_use(const MMStatsEntry *entry);

/*
 * mm_area_find: the entry with this key; NULL if there is none.
 *
 * mm_area_enter: the same; there is one then.  The lock must be exclusive.  Other
 * entries may be evicted.
 *
 * mm_area_remove: remove an entry.  The lock must be exclusive.
 */
extern MMStatsEntry *mm_area_find(MMStatsArea *area, const MMStatsKey *key);
extern MMStatsEntry *mm_area_enter(MMStatsArea *area, const MMStatsKey *key);
extern void mm_area_remove(MMStatsArea *area, MMStatsEntry *entry);

/*
 * mm_area_keep: keep an object for a sample of an entry.  The lock must be
 * exclusive.  Whoever had the place loses it.
 */
extern void mm_area_keep(MMStatsArea *area, MMStatsEntry *entry, int sample, const char *data,
						 Size size);

#endif							/* MM_AREA_H */
