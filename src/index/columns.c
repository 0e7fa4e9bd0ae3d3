/*-------------------------------------------------------------------------
 *
 * columns.c
 *	  The columns of an index, each a metric space.
 *
 * A plain index has the columns that it was built with, whatever has become of
 * its composite type since (open_composite).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "index/key.h"
#include "index/rights.h"

/*
 * The name of an operator class, without its schema.
 */
static char *
opclass_name(Oid opclass)
{
	HeapTuple	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
	char	   *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator class %u", opclass);
	result = pstrdup(NameStr(((Form_pg_opclass) GETSTRUCT(tuple))->opcname));
	ReleaseSysCache(tuple);
	return result;
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
		mm_metric_open(&column->space, opclass, collation);
}

/*
 * The default operator class of an attribute's type, or InvalidOid if there is
 * none.  The class for composite types does not count: it is not a metric.
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
		column->component = columns->n;
		set_column(column, NameStr(att->attname), att->atttypid,
				   default_metric(att->atttypid), att->attcollation);
		columns->n++;
	}
	columns->ncomponents = columns->n;
	return columns;
}

void
mm_columns_require_metric(const MMColumns *columns, int i)
{
	const MMColumn *column = &columns->columns[i];

	if (OidIsValid(column->opclass))
		return;
	if (column->dropped || column->changed)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 column->dropped ?
				 errmsg("index \"%s\" was made before an attribute of its composite type was dropped",
						get_rel_name(columns->index)) :
				 errmsg("index \"%s\" was made for another metric of column \"%s\"",
						get_rel_name(columns->index), column->name),
				 column->dropped ? 0 :
				 errdetail("Type %s had another default operator class for access method \"%s\" then.",
						   format_type_be(column->type), MM_AM_NAME),
				 errhint("Please REINDEX it.")));
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
		appendStringInfo(&names, "%s\"%s\"", i > 0 ? ", " : "", columns->columns[i].name);
	return names.data;
}

int
mm_columns_changed(const MMColumns *columns)
{
	for (int i = 0; i < columns->n; i++)
		if (columns->columns[i].changed)
			return i;
	return -1;
}

/*
 * Make columns' names unique.  If an index has several columns of one name,
 * the name is followed by the operator class; and if that is the same, too, by
 * the column's number.
 */
static void
distinguish_names(MMColumns *columns)
{
	const char *names[MM_MAX_COLUMNS];

	for (int i = 0; i < columns->n; i++)
	{
		const MMColumn *column = &columns->columns[i];
		bool		same_name = false;
		bool		same_class = false;

		for (int j = 0; j < columns->n; j++)
		{
			bool		same = j != i && strcmp(columns->columns[j].name, column->name) == 0;

			same_name |= same;
			same_class |= same && columns->columns[j].opclass == column->opclass;
		}
		names[i] = !same_name ? column->name :
			same_class ? psprintf("%s (%s, %d)", column->name, opclass_name(column->opclass), i + 1) :
			psprintf("%s (%s)", column->name, opclass_name(column->opclass));
	}
	for (int i = 0; i < columns->n; i++)
		columns->columns[i].name = names[i];
}

/*
 * The columns of an index whose keys are not composite.
 */
static MMColumns *
open_keys(Relation index)
{
	MMColumns  *columns = palloc0(sizeof(MMColumns));
	int			nkeys = IndexRelationGetNumberOfKeyAttributes(index);
	Oid			opclasses[MM_MAX_COLUMNS];

	/* What is looked up below may let the relation cache forget its row. */
	memcpy(opclasses, mm_key_opclasses(index), sizeof(Oid) * nkeys);
	columns->index = RelationGetRelid(index);
	for (; columns->n < nkeys; columns->n++)
	{
		int			key = columns->n;
		MMColumn   *column = &columns->columns[key];

		if (index->rd_opcintype[key] == RECORDOID)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("composite column \"%s\" must be the only column of an mmdb index",
							mm_key_name(index, key)),
					 errhint("Index its attributes as expressions, such as ((%s).attribute).",
							 mm_key_name(index, key))));
		column->key = key;
		set_column(column, mm_key_name(index, key),
				   TupleDescAttr(RelationGetDescr(index), key)->atttypid,
				   opclasses[key], index->rd_indcollation[key]);
	}
	distinguish_names(columns);
	return columns;
}

static bool
is_composite(Relation index)
{
	return index->rd_opcintype[0] == RECORDOID &&
		IndexRelationGetNumberOfKeyAttributes(index) == 1;
}

MMColumns *
mm_columns_make(Relation index)
{
	Form_pg_attribute key = TupleDescAttr(RelationGetDescr(index), 0);
	MMColumns  *columns;

	if (!is_composite(index))
		return open_keys(index);
	columns = mm_columns_of_composite(key->atttypid, key->atttypmod);
	columns->index = RelationGetRelid(index);
	for (int i = 0; i < columns->n; i++)
		mm_columns_require_metric(columns, i);
	return columns;
}

MMColumnOrigin
mm_column_origin(const MMColumn *column)
{
	MMColumnOrigin origin = {.attribute = column->attribute};

	if (!OidIsValid(column->opclass))
		return origin;
	origin.type = IsPolymorphicType(column->space.type) ? column->type : column->space.type;
	if (column->attribute != 0)
	{
		char	   *name = opclass_name(column->opclass);

		origin.metric = hash_bytes((const unsigned char *) name, (int) strlen(name));
	}
	return origin;
}

MMMeta *
mm_columns_metadata(const MMColumns *columns)
{
	MMMeta	   *meta = mm_meta_empty(columns->n);

	for (int i = 0; i < columns->n; i++)
		meta->origins[i] = mm_column_origin(&columns->columns[i]);
	return meta;
}

/*
 * Take a column's metric away if it is not the one that the index was made
 * for.
 */
static void
compare_with_origin(MMColumn *column, const MMColumnOrigin *origin)
{
	MMColumnOrigin now = mm_column_origin(column);

	if (now.type == origin->type && now.metric == origin->metric)
		return;
	column->changed = true;
	column->opclass = InvalidOid;
	memset(&column->space, 0, sizeof(MetricSpace));
}

/*
 * The columns that an index over a composite key was built with.
 */
static MMColumns *
open_composite(Relation index, const MMMeta *meta)
{
	Form_pg_attribute key = TupleDescAttr(RelationGetDescr(index), 0);
	MMColumns  *columns = palloc0(sizeof(MMColumns));
	TupleDesc	desc = lookup_rowtype_tupdesc_domain(key->atttypid, key->atttypmod, false);
	int		   *components = palloc(sizeof(int) * desc->natts);

	columns->composite = CreateTupleDescCopy(desc);
	ReleaseTupleDesc(desc);
	desc = columns->composite;
	for (int i = 0; i < desc->natts; i++)
	{
		components[i] = columns->ncomponents;
		columns->ncomponents += !TupleDescAttr(desc, i)->attisdropped;
	}
	for (; columns->n < meta->ncolumns; columns->n++)
	{
		MMColumn   *column = &columns->columns[columns->n];
		int			number = meta->origins[columns->n].attribute;
		Form_pg_attribute att;

		if (number < 1 || number > desc->natts)
			mm_report_damage(index, "The metadata tell of an attribute %d, but type %s has %d.",
							 number, format_type_be(key->atttypid), desc->natts);
		att = TupleDescAttr(desc, number - 1);
		column->attribute = number;
		column->component = components[number - 1];
		if (att->attisdropped)
		{
			column->dropped = true;
			column->name = psprintf("dropped attribute %d", number);
			column->typlen = att->attlen;
			column->typbyval = att->attbyval;
			continue;
		}
		set_column(column, NameStr(att->attname), att->atttypid,
				   default_metric(att->atttypid), att->attcollation);
		compare_with_origin(column, &meta->origins[columns->n]);
	}
	pfree(components);
	return columns;
}

MMColumns *
mm_columns_open(Relation index)
{
	MMColumns  *columns;
	MMMeta	   *meta;

	if (index->rd_rel->relkind == RELKIND_PARTITIONED_INDEX)
		return mm_columns_make(index);
	if (is_composite(index))
	{
		meta = mm_meta_read(index, 0);
		columns = open_composite(index, meta);
	}
	else
	{
		columns = open_keys(index);
		meta = mm_meta_read(index, columns->n);
		for (int i = 0; i < columns->n; i++)
			compare_with_origin(&columns->columns[i], &meta->origins[i]);
	}
	columns->index = RelationGetRelid(index);
	pfree(meta);
	return columns;
}

MMColumns *
mm_columns_present(Relation index)
{
	MMColumns  *columns = mm_columns_open(index);
	int			n = 0;

	for (int i = 0; i < columns->n; i++)
		if (!columns->columns[i].dropped)
			columns->columns[n++] = columns->columns[i];
	columns->n = n;
	return columns;
}

int
mm_columns_count(Relation index)
{
	Form_pg_attribute key = TupleDescAttr(RelationGetDescr(index), 0);
	MMMeta	   *meta = NULL;
	TupleDesc	desc;
	int			result = 0;

	if (!is_composite(index))
		return IndexRelationGetNumberOfKeyAttributes(index);
	if (index->rd_rel->relkind != RELKIND_PARTITIONED_INDEX)
	{
		meta = mm_meta_try(index);
		if (meta == NULL)
			return 0;
	}
	desc = lookup_rowtype_tupdesc_domain(key->atttypid, key->atttypmod, false);
	for (int i = 0; i < (meta != NULL ? meta->ncolumns : desc->natts); i++)
	{
		int			number = meta != NULL ? meta->origins[i].attribute : i + 1;

		result += number >= 1 && number <= desc->natts &&
			!TupleDescAttr(desc, number - 1)->attisdropped;
	}
	ReleaseTupleDesc(desc);
	return result;
}

int
mm_columns_find(const MMColumns *columns, const char *name)
{
	for (int i = 0; i < columns->n; i++)
		if (strcmp(columns->columns[i].name, name) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("index \"%s\" has no column \"%s\"", get_rel_name(columns->index), name),
			 errdetail("Its columns are: %s.", mm_columns_list(columns))));
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
		const MMColumn *column = &columns->columns[i];

		/* Rows older than an attribute's DROP still have its value. */
		values[i] = all_values[column->attribute - 1];
		isnull[i] = all_nulls[column->attribute - 1] || column->dropped;
		if (!isnull[i])
			isnull[i] = mm_metric_is_null(&column->space, values[i]);
	}
}

void
mm_columns_values(const MMColumns *columns, Datum *keys, bool *keynulls,
				  Datum *values, bool *isnull)
{
	if (columns->composite == NULL)
	{
		memcpy(values, keys, sizeof(Datum) * columns->n);
		for (int i = 0; i < columns->n; i++)
			isnull[i] = keynulls[i] || mm_metric_is_null(&columns->columns[i].space, values[i]);
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
mm_columns_settle_dimension(const MMColumns *columns, int i, int32 found, int32 *dimension)
{
	const MetricSpace *space = &columns->columns[i].space;

	if (*dimension < 0)
		*dimension = found;
	else if (found != *dimension)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 mm_statistics_visible(columns, i) ?
				 errmsg("value of column \"%s\" has %s, others have %d", columns->columns[i].name,
						mm_metric_describe_dimensions(space, found), *dimension) :
				 errmsg("value of column \"%s\" has %s, others have not", columns->columns[i].name,
						mm_metric_describe_dimensions(space, found)),
				 errdetail("All values of an indexed column must have the same %s.",
						   mm_metric_dimensions_name(space)),
				 errhint("A partial index, with a WHERE clause, can leave values out. If the others are gone, REINDEX the index.")));
}

void
mm_columns_check_values(MMColumns *columns, Datum *values, const bool *isnull,
						int32 *dimensions)
{
	for (int i = 0; i < columns->n; i++)
	{
		MMColumn   *column = &columns->columns[i];
		ErrorContextCallback callback;

		if (isnull[i])
			continue;

		callback.callback = value_error_context;
		callback.arg = column;
		callback.previous = error_context_stack;
		error_context_stack = &callback;
		mm_metric_check(&column->space, values[i]);
		error_context_stack = callback.previous;

		mm_columns_settle_dimension(columns, i, mm_metric_dimensions(&column->space, values[i]),
									&dimensions[i]);
	}
}

const char **
mm_column_names(const MMColumns *columns)
{
	const char **names = palloc(sizeof(char *) * columns->n);

	for (int i = 0; i < columns->n; i++)
		names[i] = columns->columns[i].name;
	return names;
}

void
mm_distance_error_context(void *arg)
{
	const MMColumn *column = arg;

	errcontext("distances of column \"%s\"", column->name);
}
