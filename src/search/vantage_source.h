/*-------------------------------------------------------------------------
 *
 * vantage_source.h
 *	  Candidates from the regions of an MVP-tree.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_VANTAGE_SOURCE_H
#define MM_VANTAGE_SOURCE_H

#include "model/vantage.h"
#include "search/source.h"

/*
 * mm_vantage_source_create: a source of candidates from a sub-index of an
 * index that is an MVP-tree, in the current context.  meta are
 * the metadata of the index.  bounding has been made ready for some model of
 * the index.  The source keeps its arguments; see source.h for the others.
 */
extern MMSource *mm_vantage_source_create(Relation index, const MMMeta *meta,
										  const MMSubindex *subindex, MMVantage *vantage,
										  MMBounding *bounding, List *also, MMSearchStats *stats);

#endif							/* MM_VANTAGE_SOURCE_H */
