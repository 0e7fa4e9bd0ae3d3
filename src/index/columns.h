/*-------------------------------------------------------------------------
 *
 * columns.h
 *	  The columns of an index, each with its metric.
 *
 * A column is a metric space.  It is a key column of the index, or, if the
 * index is over one composite key, an attribute of that.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_COLUMNS_H
#define MM_COLUMNS_H

#include "access/tupdesc.h"
#include "utils/relcache.h"

#include "index/meta.h"
#include "metric/metric.h"

typedef struct MMColumn
{
	const char *name;			/* as users know it; no two are the same */
	int			key;			/* number of the index key, from 0 */
	AttrNumber	attribute;		/* number in the composite; or 0 */
	int			component;		/* its number in an odbquery, from 0 */
	bool		dropped;		/* the attribute was dropped: always NULL */
	bool		changed;		/* the index was made for another metric */
	Oid			type;			/* not a domain */
	int16		typlen;
	bool		typbyval;
	Oid			opclass;		/* InvalidOid: no metric, or a changed one */
	MetricSpace space;
} MMColumn;

typedef struct MMColumns
{
	Oid			index;			/* whose columns they are; or InvalidOid */
	TupleDesc	composite;		/* if columns are its attributes; or NULL */
	int			ncomponents;	/* of an odbquery: the type's attributes */
	int			n;
	MMColumn	columns[MM_MAX_COLUMNS];
} MMColumns;

/*
 * mm_columns_make: the columns that an index, plain or partitioned, would have
 * if it were built now, in the current memory context.  Raises an error for an
 * index that mmdb does not support.
 *
 * mm_columns_open: the columns that an index has, as its entries and metadata
 * have them.  For a partitioned index it does what mm_columns_make does.  The
 * two differ if a composite type was altered: attributes added since are no
 * columns, dropped ones still are, and a column has no metric if its metric is
 * not the one the index was built with any more.  Raises an error if the
 * metadata cannot be read.
 *
 * mm_columns_present: the same without dropped columns, as users know them.
 * Their numbers are not those of the metadata: see mm_statistics_get.
 */
extern MMColumns *mm_columns_make(Relation index);
extern MMColumns *mm_columns_open(Relation index);
extern MMColumns *mm_columns_present(Relation index);

/*
 * mm_columns_count: how many columns mm_columns_present would find, or 0 if
 * that cannot be told without an error.
 */
extern int	mm_columns_count(Relation index);

/*
 * mm_columns_list: the columns' names, for a message.
 */
extern char *mm_columns_list(const MMColumns *columns);

/*
 * mm_columns_of_composite: the attributes of a composite type as columns, each
 * with its type's default class, in the current memory context.  Attributes
 * without a metric have no opclass.
 */
extern MMColumns *mm_columns_of_composite(Oid type, int32 typmod);

/*
 * mm_columns_require_metric: raise an error if the column has no metric, or
 * not the one that the index was made for.
 *
 * mm_columns_changed: the first column whose metric is not the one that the
 * index was made for, or -1 if there is none.
 */
extern void mm_columns_require_metric(const MMColumns *columns, int column);
extern int	mm_columns_changed(const MMColumns *columns);

/*
 * mm_columns_find: the number of the column with this name.  Raises an error
 * if there is none.
 */
extern int	mm_columns_find(const MMColumns *columns, const char *name);

/*
 * mm_column_origin: what the index will remember of a column.
 *
 * mm_columns_metadata: the metadata of an index with these columns that has
 * seen no rows.
 */
extern MMColumnOrigin mm_column_origin(const MMColumn *column);
extern MMMeta *mm_columns_metadata(const MMColumns *columns);

/*
 * mm_columns_values: the columns' values of a row that is given as the values
 * of the index's keys.  values and isnull have columns->n elements each.
 */
extern void mm_columns_values(const MMColumns *columns, Datum *keys,
							  bool *keynulls, Datum *values, bool *isnull);

/*
 * mm_columns_of_record: the same for a composite value.  Leaks memory.
 */
extern void mm_columns_of_record(const MMColumns *columns, Datum record,
								 Datum *values, bool *isnull);

/*
 * mm_columns_check_values: raise an error unless each value has distances and
 * the dimensions that its column is known to have.  dimensions has the latter,
 * one for each column, -1 where not known; there, those of the values are
 * filled in.  Leaks memory.
 */
extern void mm_columns_check_values(MMColumns *columns, Datum *values,
									const bool *isnull, int32 *dimensions);

/*
 * mm_columns_settle_dimension: the same for one column, where values with so many
 * dimensions were found.
 */
extern void mm_columns_settle_dimension(const MMColumns *columns, int column, int32 found,
										int32 *dimension);

/*
 * mm_distance_error_context: a callback for an ErrorContextCallback around
 * computations of distances.  Its argument is the column (MMColumn *).
 */
extern void mm_distance_error_context(void *arg);

/*
 * mm_column_detoast: a value of the column in the form that searches need.
 */
static inline Datum
mm_column_detoast(const MMColumn *column, Datum value)
{
	return column->typlen == -1 ? PointerGetDatum(PG_DETOAST_DATUM(value)) : value;
}

/*
 * mm_column_names: the names of the columns, an array of columns->n.
 */
extern const char **mm_column_names(const MMColumns *columns);

#endif							/* MM_COLUMNS_H */
