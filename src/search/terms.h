/*-------------------------------------------------------------------------
 *
 * terms.h
 *	  A query object and its weights, matched with the columns they are about:
 *	  the terms of a weighted sum.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_TERMS_H
#define MM_TERMS_H

#include "nodes/primnodes.h"

#include "search/search.h"
#include "type/odbquery.h"

typedef struct MMTerms
{
	int			n;				/* at least 1 */
	MMTerm		terms[MM_MAX_COLUMNS];
} MMTerms;

/*
 * mm_terms_make: match an object, weights and scales with columns.  Components
 * that are NULL or have no weight take no part.  The others are converted to
 * their columns' types.  scales may be NULL.  Raises an error, which names the
 * column, for a component that does not fit or has no distances; and raises
 * one if no column takes part.
 */
extern MMTerms *mm_terms_make(const MMColumns *columns,
							  const OdbQueryParts *query,
							  const double *weights, const double *scales);

/*
 * mm_terms_check_dimensions: raise an error, which names the column, for a
 * value whose dimensions are not those of its column in the statistics (which
 * are aligned with columns), if the user may know these.
 */
extern void mm_terms_check_dimensions(const MMColumns *columns,
									  const MMTerms *terms,
									  const MMMeta *statistics);

/*
 * mm_terms_of_query: the terms that an odbquery asks a search of an index over
 * composites for, times factor and without scales, in the current context.
 * terms has room for columns->n.  Returns how many there are.  If radius is
 * not NULL, it gets the query's radius, and it is an error if the query has
 * none.
 *
 * *complete becomes true if these are all terms of the distance.  Otherwise
 * there are others, about attributes that the index does not know.  The
 * distance is then greater by what they add, or it is NULL.
 */
extern int	mm_terms_of_query(const MMColumns *columns, Datum query, double factor,
							  MMTerm *terms, double *radius, bool *complete);

/*
 * mm_coerce: convert a value, which is not NULL, from one type to another, by
 * a cast that the context allows.  The cast may make NULL of it.  Returns
 * false if there is no such cast.
 */
extern bool mm_coerce(Datum *value, bool *isnull, Oid from, Oid to, CoercionContext context);

#endif							/* MM_TERMS_H */
