/*-------------------------------------------------------------------------
 *
 * query_class.h
 *	  Classes of queries: those that ask for the same kind of thing.
 *
 * The types of queries are those of MQRLD (section 4.2): numeric equality
 * (N.E), numeric range (N.R), vector kNN (V.K) and vector range (V.R), and
 * their combinations.  What MQRLD calls a vector is any value with a distance
 * here, and one V.K is about all the columns of a weighted sum.  A distance of
 * numbers alone, within a radius, is a numeric range.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_QUERY_CLASS_H
#define MM_QUERY_CLASS_H

#include "index/columns.h"

/* What has answered the query. */
typedef enum MMAnsweredBy
{
	MM_BY_SEARCH,				/* a custom scan */
	MM_BY_INDEX_SCAN,			/* an index scan, or a bitmap scan */
	MM_BY_OTHER_PLAN,			/* odbknn or odbrange, by a plan without the index */
	MM_BY_ALTERNATIVE,			/* what mm_measure_recall has measured */
	MM_BY_FANOUT,				/* the servers of a distributed table */
} MMAnsweredBy;

/* Flags of a class. */
#define MM_CLASS_ANY		0x01	/* any of several sums within its radius is enough */
#define MM_CLASS_NE			0x02	/* there is a filter by equality */
#define MM_CLASS_NR			0x04	/* there is one by a comparison */
#define MM_CLASS_FILTER		0x08	/* there is another one */
#define MM_CLASS_SECURED	0x10	/* row-level security or the like comes first */
#define MM_CLASS_SHAPED		0x20	/* terms are functions of distances */

/*
 * A class, as the key of a hash table: without padding, and with zeros where
 * something does not apply.  Columns are masks.
 */
typedef struct MMQueryClass
{
	uint32		nearest;		/* V.K: columns of the sum that orders the rows */
	uint32		within;			/* V.R: columns of sums with radii */
	uint32		ranges;			/* N.R: numbers alone with a radius */
	uint32		equal;			/* N.E: numbers alone with radius 0 */
	uint8		by;				/* MMAnsweredBy */
	uint8		flags;
	int16		k;				/* class of k: see below */
	int16		radius;			/* class of the radius: see below */
	uint16		unused;
	uint32		label;			/* hash of the name of an alternative */
} MMQueryClass;

/*
 * mm_class_of_k: the class of k rows asked for: the least power of 10 that is not
 * less, as its exponent, plus 1.  It is 0 if k, which is then 0, is unknown.
 *
 * mm_class_of_radius: the class of a radius: the exponent of the least power of
 * 10 that is not less, plus MM_RADIUS_ONE; 1 for radius 0, and 0 for none (NaN).
 */
#define MM_RADIUS_ONE	20

extern int16 mm_class_of_k(int64 k);
extern int16 mm_class_of_radius(double radius);

/*
 * mm_class_is_number: are values of a type numbers, dates or times, so that a
 * distance of them within a radius is a numeric range?
 */
extern bool mm_class_is_number(Oid type);

/*
 * mm_class_add_range: add a sum over some columns (a mask) that is to be within a
 * radius.
 */
extern void mm_class_add_range(MMQueryClass *class, const MMColumns *columns, uint32 mask,
							   double radius);

/*
 * mm_class_text: a class as users see it.  columns names them; if it is NULL,
 * they have numbers.  The label is that of an alternative, or empty.
 */
extern char *mm_class_text(const MMQueryClass *class, const MMColumns *columns, const char *label);

#endif							/* MM_QUERY_CLASS_H */
