/*-------------------------------------------------------------------------
 *
 * merge.h
 *	  Candidates from several sources, each for one part of a sum.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_MERGE_SOURCES_H
#define MM_MERGE_SOURCES_H

#include "search/source.h"

/*
 * mm_merge_create: a source that merges n others, in the current context.  Each
 * of them yields all rows in the order of bounds of some terms of a sum; no two
 * are about the same term.  Terms that none is about are taken to be 0.
 * bounding is that of the whole sum; it has no model.  The sources' own
 * boundings must not want NULLs.  A candidate's sum may be NULL.
 */
extern MMSource *mm_merge_create(MMSource **sources, int n, MMBounding *bounding,
								 MMSearchStats *stats);

#endif							/* MM_MERGE_SOURCES_H */
