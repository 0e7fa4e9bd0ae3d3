/*-------------------------------------------------------------------------
 *
 * choose_index.c
 *	  The index that metrics and scales of a query come from.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "commands/defrem.h"
#include "nodes/bitmapset.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "index/key.h"
#include "query/query.h"

/*
 * Raise the error that a table has no index of ncolumns columns that may be
 * chosen.  near_miss is an index that is not valid (if valid is false) or that
 * is partial; NULL if there is none.  nothers is the number of indexes with
 * other numbers of columns, and other is one of them.  how says how to name an index.
 */
static void
no_index_error(Relation table, int ncolumns, const char *near_miss, bool valid, int nothers,
			   Oid other, const char *how)
{
	const char *columns = nothers == 1 ?
		mm_columns_list(mm_columns_present(relation_open(other, AccessShareLock))) : NULL;

	if (near_miss != NULL)
		ereport(ERROR,
				(errcode(valid ? ERRCODE_UNDEFINED_OBJECT : ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg(valid ? "index \"%s\" is partial" : "index \"%s\" is not valid", near_miss),
				 errdetail_plural("\"%s\" has no other mmdb index of %d column, as the query has components.",
								  "\"%s\" has no other mmdb index of %d columns, as the query has components.",
								  ncolumns, RelationGetRelationName(table), ncolumns),
				 valid ? errhint("To take metrics and scales from it, name it %s.", how) :
				 errhint("Wait until it is built, or REINDEX it.")));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg_plural("\"%s\" has no mmdb index of %d column, as the query has components",
						   "\"%s\" has no mmdb index of %d columns, as the query has components",
						   ncolumns, RelationGetRelationName(table), ncolumns),
			 nothers == 1 ? errdetail("Its mmdb index \"%s\" has the columns %s.", get_rel_name(other), columns) :
			 nothers > 1 ? errdetail("It has %d mmdb indexes, with other numbers of columns.", nothers) : 0,
			 nothers > 0 ?
			 errhint("A query object has one component for each column of an index, not of the table. Create one, or name the one to use %s.", how) :
			 errhint("Create one, or name the index to take metrics and scales from %s.", how)));
}

/*
 * Names in quotes, as a list for a message.
 */
static char *
list_of_names(const List *names)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, names)
		appendStringInfo(&buf, "%s\"%s\"", buf.len > 0 ? ", " : "", (char *) lfirst(lc));
	return buf.data;
}

/*
 * Raise the error that no index of a table has all the columns that a query
 * names.
 */
static void
no_names_error(Relation table, const List *names, const char *near_miss, const char *how)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("\"%s\" has no mmdb index with all the columns that the query names",
					RelationGetRelationName(table)),
			 errdetail("The query names %s.", list_of_names(names)),
			 near_miss != NULL ?
			 errhint("To take metrics and scales from index \"%s\", which is partial or not valid, name it %s.",
					 near_miss, how) :
			 errhint("Create one, or name the index to take metrics and scales from %s.", how)));
}

/*
 * Raise the error that several indexes may be meant.
 */
static void
several_indexes_error(Relation table, int ncolumns, const List *names, Relation one, Relation other,
					  const char *how)
{
	ereport(ERROR,
			(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
			 names == NIL ?
			 errmsg("table \"%s\" has several mmdb indexes of %d columns",
					RelationGetRelationName(table), ncolumns) :
			 errmsg("table \"%s\" has several mmdb indexes with the columns %s",
					RelationGetRelationName(table), list_of_names(names)),
			 errdetail("\"%s\" and \"%s\" are such.",
					   RelationGetRelationName(one), RelationGetRelationName(other)),
			 errhint("Name the one to use %s.", how)));
}

/*
 * Has an index, whose columns can be read, all columns of these names?
 */
static bool
has_columns(Relation index, const List *names)
{
	MMColumns  *columns = mm_columns_present(index);
	ListCell   *lc;

	foreach(lc, names)
	{
		int			i = 0;

		while (i < columns->n && strcmp(columns->columns[i].name, lfirst(lc)) != 0)
			i++;
		if (i == columns->n)
			return false;
	}
	return true;
}

Relation
mm_choose_index(Relation table, int ncolumns, const List *names, const char *how)
{
	Oid			am = get_index_am_oid(MM_AM_NAME, false);
	List	   *oids = RelationGetIndexList(table);
	ListCell   *lc;
	const char *near_miss = NULL;
	bool		near_miss_valid = false;
	int			nothers = 0;
	Oid			other = InvalidOid;
	Relation	found = NULL;

	foreach(lc, oids)
	{
		Relation	index = relation_open(lfirst_oid(lc), AccessShareLock);
		bool		fits = false;

		if (index->rd_rel->relam == am)
		{
			bool		valid = index->rd_index->indisvalid;
			int			n = mm_columns_count(index);
			bool		meant = names == NIL ? n == ncolumns : n > 0 && has_columns(index, names);

			fits = valid && meant && RelationGetIndexPredicate(index) == NIL;
			/* An index that cannot be read might be the one that is meant. */
			if (n == 0 || (meant && !fits))
			{
				near_miss = pstrdup(RelationGetRelationName(index));
				near_miss_valid = valid && n > 0;
			}
			else if (!fits)
			{
				nothers++;
				other = RelationGetRelid(index);
			}
		}
		if (fits && found != NULL)
			several_indexes_error(table, ncolumns, names, found, index, how);
		if (fits)
			found = index;
		else
			relation_close(index, AccessShareLock);
	}
	list_free(oids);

	if (found == NULL && names != NIL)
	{
		/* It is said of the only index which column it does not have. */
		if (nothers != 1 || near_miss != NULL)
			no_names_error(table, names, near_miss, how);
		return relation_open(other, AccessShareLock);
	}
	if (found == NULL)
		no_index_error(table, ncolumns, near_miss, near_miss_valid, nothers, other, how);
	return found;
}

/*
 * Check a column that an index of another relation uses: does the table have a
 * column of that name and type?  With another type, the index's expressions
 * and operators might mean something else.
 */
static void
check_column(Relation index, AttrNumber attnum, Relation table)
{
	Oid			from = index->rd_index->indrelid;
	char	   *name = attnum != 0 ? get_attname(from, attnum, false) : NULL;
	AttrNumber	own = name != NULL ? get_attnum(RelationGetRelid(table), name) : InvalidAttrNumber;

	if (own == InvalidAttrNumber ||
		get_atttype(RelationGetRelid(table), own) != get_atttype(from, attnum))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("index \"%s\" does not fit \"%s\"",
						RelationGetRelationName(index),
						RelationGetRelationName(table)),
				 name == NULL ?
				 errdetail("The index is on whole rows of another table.") :
				 errdetail("\"%s\" has no column \"%s\" of type %s.",
						   RelationGetRelationName(table), name,
						   format_type_be(get_atttype(from, attnum)))));
}

void
mm_check_index_fits(Relation index, Relation table)
{
	Bitmapset  *attnums = NULL;
	int			member = -1;

	if (index->rd_index->indrelid == RelationGetRelid(table))
		return;

	for (int i = 0; i < index->rd_index->indnkeyatts; i++)
		if (index->rd_index->indkey.values[i] != 0)
			attnums = bms_add_member(attnums, index->rd_index->indkey.values[i] -
									 FirstLowInvalidHeapAttributeNumber);
	pull_varattnos((Node *) mm_stored_expressions(index), 1, &attnums);
	while ((member = bms_next_member(attnums, member)) >= 0)
		check_column(index, member + FirstLowInvalidHeapAttributeNumber, table);
}
