/*-------------------------------------------------------------------------
 *
 * race.h
 *	  The drivers of a search at work: one at first, and another beside it if
 *	  that one takes longer than expected.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_RACE_H
#define MM_RACE_H

#include "search/driver.h"
#include "search/source.h"

/*
 * A driver at work.
 */
typedef struct MMEntrant
{
	const MMSearchDriver *driver;
	MMSource   *source;
	MMBounding	bounding;		/* of the sum, with the driver's model */
	List	   *also;			/* of MMBounding *: other sums, likewise */
	MMSearchStats stats;
	MMSearchStats *parts;		/* of a merge's parts, besides */
} MMEntrant;

typedef struct MMRace
{
	Relation	index;
	MMColumns  *columns;
	const MMBounding *wanted;	/* what the search wants; it has no model */
	List	   *also;			/* of MMBounding *: other sums that it wants */
	MMMeta	   *meta;
	const void *stored;			/* model */
	int			ndrivers;
	MMSearchDriver *drivers;	/* the best first */
	int			n;
	MMEntrant	entrants[3];	/* two that race; and one for NULLs */
	bool		tells_nulls;
	float		most;			/* see mm_search_until */
	int			finisher;		/* the entrant that goes on alone, as all rows whose
								 * sum is not NULL have been returned; -1: none yet */
	struct race_seen_hash *seen;	/* rows that have been returned; NULL: one entrant */
	struct race_seen_hash *null_rows;	/* returned as others are, but they turned
								 * out to be NULL; NULL: none */
	int			alone;			/* the entrant that goes on alone, as memory has run
								 * out; -1: none */
	int64		nreturned;
	int64		room;
	uint64	   *returned;		/* the same rows; NULL: there are too many, or
								 * there is only one driver */
	MMSearchEmit emit;			/* where all candidates go */
	void	   *emit_state;
	MemoryContext context;
} MMRace;

/*
 * mm_race_init: get ready to search an index, as it is now, for what a bounding
 * and others want, which are not changed here.  k is how many rows the search is
 * likely to want; 0: all within its limit.  For tells_nulls, see
 * mm_search_tells_nulls.  In the current context.
 */
extern void mm_race_init(MMRace *race, Relation index, MMColumns *columns,
						 const MMBounding *wanted, List *also, double k,
						 bool tells_nulls);

/*
 * These do what the functions of a source do (source.h).
 */
extern bool mm_race_begin(MMRace *race);
extern bool mm_race_next(MMRace *race, bool needed, MMCandidate *candidate);
extern float mm_race_frontier(const MMRace *race);
extern bool mm_race_all(MMRace *race, MMSearchEmit emit, void *state);
extern void mm_race_end(MMRace *race);

/*
 * mm_race_note_null: see mm_search_was_null.
 *
 * mm_race_is_noted: has this been called for a row?
 */
extern void mm_race_note_null(MMRace *race, const ItemPointerData *tid);
extern bool mm_race_is_noted(const MMRace *race, const ItemPointerData *tid);

/*
 * mm_race_stats: what all drivers have done so far.
 */
extern void mm_race_stats(const MMRace *race, MMSearchStats *stats);

#endif							/* MM_RACE_H */
