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
 * mm_vantage_source_create: a source of candidates from an MVP-tree over a
 * column of an index, given by its number, in the current context.  meta are
 * the metadata of the index.  bounding has been made ready for some model of
 * the index.  The source keeps its arguments; see source.h for the others.
 */
extern MMSource *mm_vantage_source_create(Relation index, const MMMeta *meta, int column,
										  MMVantage *vantage, MMBounding *bounding,
										  List *also, MMSearchStats *stats);

#endif							/* MM_VANTAGE_SOURCE_H */
