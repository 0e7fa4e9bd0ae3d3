/*-------------------------------------------------------------------------
 *
 * last.h
 *	  What the last statement of this session has read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_LAST_H
#define MM_LAST_H

/*
 * The work of a statement's custom scans, as EXPLAIN ANALYZE shows it.
 */
typedef struct MMLastWork
{
	int64		inner_pages;
	int64		leaf_pages;
	int64		postings_pages;
	int64		verified;
} MMLastWork;

/*
 * mm_last_statement: a statement begins to run that no other one runs.
 *
 * mm_last_add: a scan of the statement, and not of one within it (mm_track_level is 0),
 * has ended, which has done this for a user.  If
 * row-level security or the like is in it (secured), all of the statement's work is
 * hidden.
 */
extern void mm_last_statement(void);
extern void mm_last_add(const MMLastWork *work, Oid user, bool secured);

#endif							/* MM_LAST_H */
