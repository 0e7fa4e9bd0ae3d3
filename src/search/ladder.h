/*-------------------------------------------------------------------------
 *
 * ladder.h
 *	  Candidates from a tree.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_LADDER_H
#define MM_LADDER_H

#include "search/source.h"

/*
 * mm_ladder_create: a source of candidates from a tree, in the current
 * context.  It keeps its arguments; see source.h for these.
 */
extern MMSource *mm_ladder_create(const MMTree *tree, MMBounding *bounding, List *also,
								  MMSearchStats *stats);

#endif							/* MM_LADDER_H */
