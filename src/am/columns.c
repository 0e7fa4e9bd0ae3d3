/*-------------------------------------------------------------------------
 *
 * columns.c
 *	  The columns of an index, each a metric space.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "am/am.h"

/*
 * The name of a key: that of the table's column, or the one CREATE INDEX gave
 * to an expression.
 */
static const char *
key_name(Relation index, int key)
{
	AttrNumber	attnum = index->rd_index->indkey.values[key];

	if (attnum > 0)
		return get_attname(index->rd_index->indrelid, attnum, false);
	return pstrdup(NameStr(TupleDescAttr(RelationGetDescr(index), key)->attname));
}

/*
 * The operator class of a key.
 */
static Oid
key_opclass(Relation index, int key)
{
	Datum		datum;
	bool		isnull;

	datum = SysCacheGetAttr(INDEXRELID, index->rd_indextuple,
							Anum_pg_index_indclass, &isnull);
	Assert(!isnull);
	return ((oidvector *) DatumGetPointer(datum))->values[key];
}

/*
 * Fill in a column: its type, and its metric if it has one.
 */
static void
set_column(MMColumn *column, const char *name, Oid type, Oid opclass,
		   Oid collation)
{
	column->name = name;
	column->type = getBaseType(type);
	get_typlenbyval(type, &column->typlen, &column->typbyval);
	column->opclass = opclass;
	if (OidIsValid(opclass))
		mm_metric_open(&column->space, get_opclass_family(opclass),
					   get_opclass_input_type(opclass), collation);
}

/*
 * The default operator class of an attribute's type, InvalidOid if there is
 * none.  The class for composite types is not a metric.
 */
static Oid
default_metric(Oid type)
{
	Oid			opclass = GetDefaultOpClass(type, get_index_am_oid(MM_AM_NAME, false));

	if (OidIsValid(opclass) && get_opclass_input_type(opclass) == RECORDOID)
		return InvalidOid;
	return opclass;
}

/*
 * The name of a composite type, for a message.
 */
static const char *
composite_name(Oid type)
{
	Oid			relation = get_typ_typrelid(getBaseType(type));

	return OidIsValid(relation) ? get_rel_name(relation) : "record";
}

MMColumns *
mm_columns_of_composite(Oid type, int32 typmod)
{
	MMColumns  *columns = palloc0(sizeof(MMColumns));
	TupleDesc	desc = lookup_rowtype_tupdesc_domain(type, typmod, false);

	columns->composite = CreateTupleDescCopy(desc);
	ReleaseTupleDesc(desc);
	desc = columns->composite;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		MMColumn   *column = &columns->columns[columns->n];

		if (att->attisdropped)
			continue;
		if (columns->n == MM_MAX_COLUMNS)
			ereport(ERROR,
					(errcode(ERRCODE_TOO_MANY_COLUMNS),
					 errmsg("type \"%s\" has too many attributes",
							composite_name(type)),
					 errdetail("Multi-metric objects have up to %d attributes.",
							   MM_MAX_COLUMNS)));
		column->key = 0;
		column->attribute = i + 1;
		set_column(column, NameStr(att->attname), att->atttypid,
				   default_metric(att->atttypid), att->attcollation);
		columns->n++;
	}
	return columns;
}

void
mm_columns_require_metric(const MMColumns *columns, int i)
{
	const MMColumn *column = &columns->columns[i];

	if (!OidIsValid(column->opclass))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("attribute \"%s\" of type \"%s\" has no metric",
						column->name, composite_name(columns->composite->tdtypeid)),
				 errdetail("Type %s has no default operator class for access method \"%s\".",
						   format_type_be(column->type), MM_AM_NAME),
				 errhint("Create a default operator class for the type, or leave the attribute out: in a query, by weight zero; in an index, by indexing the others as expressions, such as ((object).attribute).")));
}

char *
mm_columns_list(const MMColumns *columns)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < columns->n; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", columns->columns[i].name);
	return names.data;
}

bool
mm_columns_fit(Relation index, int ncolumns)
{
	Form_pg_attribute key = TupleDescAttr(RelationGetDescr(index), 0);
	TupleDesc	desc;
	int			n = 0;
	bool		fit = true;

	if (index->rd_opcintype[0] != RECORDOID)
		return IndexRelationGetNumberOfKeyAttributes(index) == ncolumns;

	desc = lookup_rowtype_tupdesc_domain(key->atttypid, key->atttypmod, false);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped)
			continue;
		fit &= OidIsValid(default_metric(att->atttypid));
		n++;
	}
	ReleaseTupleDesc(desc);
	return fit && n == ncolumns;
}

MMColumns *
mm_columns_open(Relation index)
{
	int			nkeys = IndexRelationGetNumberOfKeyAttributes(index);
	MMColumns  *columns;

	for (int key = 0; key < nkeys; key++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(index), key);

		if (index->rd_opcintype[key] != RECORDOID)
			continue;
		if (nkeys > 1)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("composite column \"%s\" must be the only column of an mmdb index",
							key_name(index, key)),
					 errhint("Index its attributes as expressions, such as ((%s).attribute).",
							 key_name(index, key))));
		columns = mm_columns_of_composite(att->atttypid, att->atttypmod);
		for (int i = 0; i < columns->n; i++)
			mm_columns_require_metric(columns, i);
		return columns;
	}

	columns = palloc0(sizeof(MMColumns));
	for (; columns->n < nkeys; columns->n++)
	{
		int			key = columns->n;
		MMColumn   *column = &columns->columns[key];

		column->key = key;
		set_column(column, key_name(index, key),
				   TupleDescAttr(RelationGetDescr(index), key)->atttypid,
				   key_opclass(index, key), index->rd_indcollation[key]);
	}
	return columns;
}

void
mm_columns_of_record(const MMColumns *columns, Datum record, Datum *values,
					 bool *isnull)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(record);
	HeapTupleData tuple;
	Datum	   *all_values;
	bool	   *all_nulls;

	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	all_values = palloc(sizeof(Datum) * columns->composite->natts);
	all_nulls = palloc(sizeof(bool) * columns->composite->natts);
	heap_deform_tuple(&tuple, columns->composite, all_values, all_nulls);
	for (int i = 0; i < columns->n; i++)
	{
		values[i] = all_values[columns->columns[i].attribute - 1];
		isnull[i] = all_nulls[columns->columns[i].attribute - 1];
	}
}

void
mm_columns_values(const MMColumns *columns, Datum *keys, bool *keynulls,
				  Datum *values, bool *isnull)
{
	if (columns->composite == NULL)
	{
		memcpy(values, keys, sizeof(Datum) * columns->n);
		memcpy(isnull, keynulls, sizeof(bool) * columns->n);
	}
	else if (keynulls[0])
		memset(isnull, true, sizeof(bool) * columns->n);
	else
		mm_columns_of_record(columns, keys[0], values, isnull);
}

static void
value_error_context(void *arg)
{
	errcontext("value of column \"%s\"", ((const MMColumn *) arg)->name);
}

void
mm_columns_check_values(MMColumns *columns, Datum *values, const bool *isnull,
						int32 *dimensions)
{
	for (int i = 0; i < columns->n; i++)
	{
		MMColumn   *column = &columns->columns[i];
		int32		found;
		ErrorContextCallback callback;

		if (isnull[i])
			continue;

		/* Preparing it as a query tells whether a value has distances. */
		callback.callback = value_error_context;
		callback.arg = column;
		callback.previous = error_context_stack;
		error_context_stack = &callback;
		(void) mm_metric_prepare(&column->space, values[i]);
		error_context_stack = callback.previous;

		found = mm_metric_dimensions(&column->space, values[i]);
		if (dimensions[i] < 0)
			dimensions[i] = found;
		else if (found != dimensions[i])
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("value of column \"%s\" has %d dimensions, others have %d",
							column->name, found, dimensions[i]),
					 errdetail("All values of an indexed column must have the same dimensions."),
					 errhint("A partial index, with a WHERE clause, can leave values out. If the others are gone, REINDEX the index.")));
	}
}
