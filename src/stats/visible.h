/*-------------------------------------------------------------------------
 *
 * visible.h
 *	  Copies of the statistics that a user may see.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_VISIBLE_H
#define MM_VISIBLE_H

#include "stats/area.h"

/*
 * An entry as it was, and what is known of its index.
 */
typedef struct MMVisibleEntry
{
	MMStatsEntry entry;
	const char *objects[MM_MAX_SAMPLES];	/* of samples, odbqueries; NULL: none */
	MMColumns  *columns;		/* of the index as users know them; NULL: not known */
	int			numbers[MM_MAX_COLUMNS];	/* of these, as the entry counts them */
	MMColumns  *counted;		/* of the index, as the entry counts them; or NULL */
	double		scales[MM_MAX_COLUMNS]; /* of columns; 0: none */
	double		pages;			/* of the index; 0: not known */
	bool		known;			/* the user may know statistics of all columns */
	bool		work_shown;		/* and what searches have read and computed */
} MMVisibleEntry;

/*
 * mm_visible_name: a name that was recorded, perhaps in a database of another
 * encoding; what cannot be read here is "?".
 */
extern const char *mm_visible_name(const char *name);

/*
 * mm_visible_entries: the entries that the user may see: all, if the user has the
 * rights of pg_read_all_stats, or else his own.  In the current context.  If
 * objects is set, with the kept objects of entries of this database.
 *
 * mm_visible_index: find out about the index of an entry; it must be of this
 * database.
 *
 * mm_sees_all: does the user see what other users did?
 */
extern List *mm_visible_entries(MMStatsArea *area, bool objects);
extern void mm_visible_index(MMVisibleEntry *visible);
extern bool mm_sees_all(void);

#endif							/* MM_VISIBLE_H */
