/*-------------------------------------------------------------------------
 *
 * values.c
 *	  Values on their way to other servers and back.
 *
 * Parameters and results are binary, so nothing is lost of a number and nothing
 * depends on settings.  Columns whose types have no such form, or one that means
 * something on one server only, are sent as text.
 *
 * The binary form of text is in the encoding of the session's client.  Between servers
 * it is the database's instead, whatever the user's client has.
 *
 * A row of the scan consists of columns of the parent and the value of the order.
 * Only what the plan uses is asked for.  The whole row is put together here from
 * all columns, as its binary form would have the types' OIDs in it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "fanout/fanout.h"

/* ---------- columns ---------- */

/*
 * The number of a column of the answers; it is added if need be.
 */
static int
ask_for(MMFanoutState *s, AttrNumber attnum, Oid type, int32 typmod)
{
	MMFanoutColumn *column;
	Oid			function;

	for (int i = 0; i < s->ncolumns; i++)
		if (s->columns[i].attnum == attnum)
			return i;
	column = &s->columns[s->ncolumns];
	column->attnum = attnum;
	column->type = type;
	column->typmod = typmod;
	column->text = !mm_is_binary_safe(type);
	if (column->text)
		getTypeInputInfo(type, &function, &column->ioparam);
	else
		getTypeBinaryInputInfo(type, &function, &column->ioparam);
	fmgr_info(function, &column->input);
	return s->ncolumns++;
}

static bool
is_used(const MMFanoutState *s, int column)
{
	return bms_is_member(column + 1 - FirstLowInvalidHeapAttributeNumber, s->used);
}

void
mm_fanout_columns(MMFanoutState *s)
{
	Plan	   *plan = s->css.ss.ps.plan;
	TupleDesc	table = RelationGetDescr(s->css.ss.ss_currentRelation);
	int			n = list_length(s->plan->columns);
	ListCell   *lc;
	int			i = 0;

	pull_varattnos((Node *) plan->targetlist, INDEX_VAR, &s->used);
	pull_varattnos((Node *) plan->qual, INDEX_VAR, &s->used);
	/* Each attribute, the row's table and place, and the key. */
	s->columns = palloc0(sizeof(MMFanoutColumn) * (table->natts + 3));
	s->sources = palloc(sizeof(int) * Max(n, 1));
	s->key = -1;
	foreach(lc, s->plan->columns)
	{
		AttrNumber	attnum = lfirst_int(lc);
		int			source;

		if (attnum == MM_FANOUT_KEY)
			s->key = source = ask_for(s, attnum, FLOAT8OID, -1);
		else if (!is_used(s, i))
			source = -1;
		else if (attnum == SelfItemPointerAttributeNumber)
			source = ask_for(s, attnum, TIDOID, -1);
		else if (attnum > 0)
			source = ask_for(s, attnum, TupleDescAttr(table, attnum - 1)->atttypid,
							 TupleDescAttr(table, attnum - 1)->atttypmod);
		else
		{
			source = -1;
			for (int j = 0; attnum == 0 && j < table->natts; j++)
				if (!TupleDescAttr(table, j)->attisdropped)
					(void) ask_for(s, j + 1, TupleDescAttr(table, j)->atttypid,
								   TupleDescAttr(table, j)->atttypmod);
		}
		s->sources[i++] = source;
	}
}

/* ---------- the encoding ---------- */

/*
 * A value in binary form, for another server.
 */
static bytea *
send_value(Oid function, Datum value)
{
	int			client = pg_get_client_encoding();
	bytea	   *volatile result = NULL;

	if (client == GetDatabaseEncoding())
		return OidSendFunctionCall(function, value);
	(void) SetClientEncoding(GetDatabaseEncoding());
	PG_TRY();
	{
		result = OidSendFunctionCall(function, value);
	}
	PG_FINALLY();
	{
		(void) SetClientEncoding(client);
	}
	PG_END_TRY();
	return result;
}

/*
 * A value of a column from its binary form, which another server has sent; bytes is NULL
 * for NULL.
 */
static Datum
receive_value(MMFanoutColumn *column, StringInfo bytes)
{
	int			client = pg_get_client_encoding();
	volatile Datum result = (Datum) 0;

	if (client == GetDatabaseEncoding())
		return ReceiveFunctionCall(&column->input, bytes, column->ioparam, column->typmod);
	(void) SetClientEncoding(GetDatabaseEncoding());
	PG_TRY();
	{
		result = ReceiveFunctionCall(&column->input, bytes, column->ioparam, column->typmod);
	}
	PG_FINALLY();
	{
		(void) SetClientEncoding(client);
	}
	PG_END_TRY();
	return result;
}

/* ---------- parameters ---------- */

void
mm_fanout_parameters(MMFanoutState *s)
{
	ExprContext *econtext = s->css.ss.ps.ps_ExprContext;
	int			i = 0;
	ListCell   *lc;

	/* The last one is for the statement to add. */
	s->nparams = list_length(s->values);
	s->param_values = palloc0(sizeof(char *) * (s->nparams + 1));
	s->param_lengths = palloc0(sizeof(int) * (s->nparams + 1));
	s->param_formats = palloc0(sizeof(int) * (s->nparams + 1));
	foreach(lc, s->values)
	{
		ExprState  *state = lfirst(lc);
		Oid			type = exprType((Node *) state->expr);
		bool		isnull;
		Datum		value = ExecEvalExprSwitchContext(state, econtext, &isnull);

		s->param_formats[i] = 1;
		if (!isnull)
		{
			Oid			function;
			bool		varlena;
			bytea	   *bytes;

			getTypeBinaryOutputInfo(type, &function, &varlena);
			bytes = send_value(function, value);
			s->param_values[i] = VARDATA(bytes);
			s->param_lengths[i] = VARSIZE(bytes) - VARHDRSZ;
		}
		i++;
	}
}

/* ---------- results ---------- */

void
mm_fanout_check_types(MMFanoutState *s, const MMFanoutServer *server)
{
	for (int i = 0; i < s->ncolumns; i++)
	{
		const MMFanoutColumn *column = &s->columns[i];
		Oid			type = getBaseType(column->type);
		Oid			there = s->remote->type(&server->call, i);

		/* Types that are not PostgreSQL's own have other OIDs there. */
		if (column->text || type >= FirstGenbkiObjectId || there == type)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of foreign table \"%s\" has another type on server \"%s\"",
						get_attname(RelationGetRelid(s->css.ss.ss_currentRelation), column->attnum,
									false),
						get_rel_name(server->relid), server->name),
				 errdetail("It is declared as %s here.", format_type_be(column->type)),
				 errhint("Declare it with the type that it has on the server.")));
	}
}

/*
 * A value of the current row of a server.
 */
static Datum
result_value(MMFanoutState *s, const MMFanoutServer *server, int i, bool *isnull)
{
	MMFanoutColumn *column = &s->columns[i];
	int			length;
	const char *bytes;
	StringInfoData buffer;

	bytes = s->remote->value(&server->call, server->row, i, &length);
	*isnull = bytes == NULL;
	if (column->text)
		return InputFunctionCall(&column->input, (char *) bytes, column->ioparam, column->typmod);
	if (bytes == NULL)
		return receive_value(column, NULL);
	memset(&buffer, 0, sizeof(buffer));
	buffer.data = (char *) bytes;
	buffer.len = buffer.maxlen = length;
	return receive_value(column, &buffer);
}

void
mm_fanout_key(MMFanoutState *s, MMFanoutServer *server)
{
	Datum		value;

	if (s->key < 0)
	{
		server->isnull = false;
		server->value = 0.0;
		return;
	}
	value = result_value(s, server, s->key, &server->isnull);
	server->value = server->isnull ? 0.0 : DatumGetFloat8(value);
}

/*
 * The whole row, as a value of the parent's row type.
 */
static Datum
whole_row(MMFanoutState *s, const MMFanoutServer *server)
{
	TupleDesc	desc = RelationGetDescr(s->css.ss.ss_currentRelation);
	Datum	   *values = palloc(sizeof(Datum) * desc->natts);
	bool	   *isnull = palloc(sizeof(bool) * desc->natts);

	memset(isnull, true, sizeof(bool) * desc->natts);
	for (int i = 0; i < s->ncolumns; i++)
	{
		AttrNumber	attnum = s->columns[i].attnum;

		if (attnum > 0 && attnum != MM_FANOUT_KEY)
			values[attnum - 1] = result_value(s, server, i, &isnull[attnum - 1]);
	}
	return heap_copy_tuple_as_datum(heap_form_tuple(desc, values, isnull), desc);
}

TupleTableSlot *
mm_fanout_store(MMFanoutState *s, const MMFanoutServer *server)
{
	TupleTableSlot *slot = s->css.ss.ss_ScanTupleSlot;
	MemoryContext old;
	ListCell   *lc;
	int			i = 0;

	ExecClearTuple(slot);
	MemoryContextReset(s->row_context);
	old = MemoryContextSwitchTo(s->row_context);
	foreach(lc, s->plan->columns)
	{
		AttrNumber	attnum = lfirst_int(lc);

		slot->tts_isnull[i] = true;
		slot->tts_values[i] = (Datum) 0;
		if (s->sources[i] >= 0)
			slot->tts_values[i] = result_value(s, server, s->sources[i], &slot->tts_isnull[i]);
		else if (attnum == TableOidAttributeNumber)
		{
			slot->tts_values[i] = ObjectIdGetDatum(server->relid);
			slot->tts_isnull[i] = false;
		}
		else if (attnum == 0 && is_used(s, i))
		{
			slot->tts_values[i] = whole_row(s, server);
			slot->tts_isnull[i] = false;
		}
		i++;
	}
	MemoryContextSwitchTo(old);
	return ExecStoreVirtualTuple(slot);
}
