/*-------------------------------------------------------------------------
 *
 * inverted_source.h
 *	  Candidates from an inverted index.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_INVERTED_SOURCE_H
#define MM_INVERTED_SOURCE_H

#include "inverted/inverted.h"
#include "search/source.h"

/*
 * mm_inverted_can: can the inverted index of a column, given by its number,
 * find all candidates for a sum?  The sum must have a term about that column
 * whose query is a value of its type.  If only rows whose sum is NULL are
 * wanted, no other column may make it NULL.
 */
extern bool mm_inverted_can(const MMBounding *bounding, int column);

/*
 * mm_inverted_source_create: a source of candidates from an inverted index of
 * a column, in the current context.  Only the first term about that column
 * bounds the sum.  The source keeps its arguments; see source.h for these.  It
 * does not look at other sums.
 */
extern MMSource *mm_inverted_source_create(const MMInverted *inv, int column,
										   MMBounding *bounding, MMSearchStats *stats);

#endif							/* MM_INVERTED_SOURCE_H */
