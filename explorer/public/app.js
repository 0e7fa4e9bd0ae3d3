// The explorer's page.
import { element, svg, byId, number, count, ask } from './elements.js';
import { drawing } from './drawing.js';
import { picture } from './picture.js';
import { planPicture, neighbourhood, map } from './plots.js';

const palette = [
	'#14509e',
	'#c2510c',
	'#0d7a6b',
	'#9a1fa8',
	'#8a6a00',
	'#4a6b10',
	'#5b6778',
	'#b01648',
	'#4338ca',
	'#7c4a2d',
];

let schema;
let colorOf;
let isVector;
let select;
let total = 0;

// What the page shows; all of it that makes a query is in the address, too.
const state = {
	id: null, // the row to compare with; null: only the values given
	object: {}, // values in place of the row's
	weights: {},
	k: 48,
	radius: null,
	missing: 'penalty',
	filter: {},
	mode: 'exact',
};
const liked = new Map(); // keys to rows
const disliked = new Map();
let examples = [];
let queryRow = null; // the row to compare with, as it is in the table
let shown = []; // what the grid shows
let exact = []; // the exact answer

// ---------- rows ----------

// A row's primary key, as the API takes it; without one, the row itself tells rows apart.
const keyOf = row =>
	schema.key.length === 0
		? row
		: schema.key.length === 1
			? row[schema.key[0]]
			: Object.fromEntries(schema.key.map(name => [name, row[name]]));
const keyText = row => JSON.stringify(keyOf(row));
const words = value =>
	Array.isArray(value) ? value.join(', ') : value === null || value === undefined ? '' : String(value);
const nameOf = row => words(schema.show.title ? row[schema.show.title] : keyText(row)) || '(no title)';

function currentQuery(extra = {}) {
	const query = { weights: {}, k: state.k, missing: state.missing, select, ...extra };
	for (const { name } of schema.columns) query.weights[name] = state.weights[name];
	if (state.id !== null) query.id = state.id;
	if (Object.keys(state.object).length > 0) query.object = state.object;
	if (state.radius !== null) query.radius = state.radius;
	if (Object.keys(state.filter).length > 0) query.filter = { columns: state.filter };
	return query;
}

// ---------- running queries: one at a time, and the latest wins ----------

let running = false;
let again = false;
let changedAt = 0;
let behindTimer;

function changed() {
	changedAt = performance.now();
	document.body.dataset.busy = '';
	run();
}

async function run() {
	if (running) {
		again = true;
		return;
	}
	running = true;
	const began = changedAt;
	try {
		if (!schema.columns.some(({ name }) => state.weights[name] > 0)) throw new Error('Give some column a weight.');
		const [answer, fused] = await Promise.all([
			ask('query', currentQuery()),
			state.mode === 'fused' ? ask('fusion', { query: currentQuery() }) : null,
		]);
		exact = answer.rows;
		shown = fused?.rows ?? exact;
		showError(null);
		render(fused);
		document.body.offsetHeight;
		performance.measure('rerank', { start: began, end: performance.now() });
		byId('status').replaceChildren(
			element('b', {}, `${count(shown.length)} of ${total ? count(total) : 'all'} rows`),
			` in ${number(answer.milliseconds, 1)} ms. `,
			element('button.link', { type: 'button', onclick: () => byId('panels').scrollIntoView() }, 'How?'),
		);
		saveAddress();
		clearTimeout(behindTimer);
		behindTimer = setTimeout(showBehind, 250);
	} catch (error) {
		showError(error);
		clearTimeout(behindTimer);
		delete document.body.dataset.busy;
	} finally {
		running = false;
		if (again) {
			again = false;
			run();
		}
	}
}

function showError(error) {
	byId('error').hidden = !error;
	byId('error').textContent = error?.message ?? '';
	byId('grid').classList.toggle('stale', Boolean(error));
}

function saveAddress() {
	history.replaceState(null, '', `#${encodeURIComponent(JSON.stringify(state))}`);
}

function readAddress() {
	try {
		const saved = JSON.parse(decodeURIComponent(location.hash.slice(1)));
		for (const name of Object.keys(state)) if (saved[name] !== undefined) state[name] = saved[name];
	} catch {
		// An address without a state, or with another's, is the page's own.
	}
}

// ---------- the grid ----------

const cards = new Map(); // by key; they keep their pictures

function thumb(kind, label) {
	return element(
		`button.thumb.${kind}`,
		{ type: 'button', 'aria-label': label, 'aria-pressed': 'false', title: label },
		svg(
			'svg',
			{ viewBox: '0 0 16 16', 'aria-hidden': 'true' },
			svg('path', {
				d: 'M5 7 8 1.5c1.2 0 1.8.9 1.6 2L9 6.2h3.7c.9 0 1.5.8 1.3 1.7l-1 4.8c-.2.7-.8 1.2-1.5 1.2H5zM5 7H2v7h3z',
				'stroke-linejoin': 'round',
			}),
		),
	);
}

function makeCard(row) {
	const name = nameOf(row);
	const image = picture(row, schema.show);
	const secondary =
		schema.attributes
			.filter(
				a =>
					a.name !== schema.show.title &&
					a.name !== schema.show.image &&
					(a.category === 'S' || a.category === 'A') &&
					!isVector(a.name),
			)
			.map(a => words(row[a.name]))
			.find(text => text !== '') ?? '';
	const open = element(
		'button.open',
		{ type: 'button', title: `More like ${name}`, onclick: () => compareWith(row) },
		image,
		element(image ? 'span.name' : 'span.name.text', {}, name),
		element('span.words', {}, secondary),
	);
	const bar = element('button.bar', { type: 'button' });
	const distance = element('b');
	const up = thumb('up', `Good: ${name}`);
	const down = thumb('down', `Bad: ${name}`);
	const badge = element('span.badge', { hidden: true });
	const node = element('li.card', {}, badge, open, bar, element('div.foot', {}, distance, up, down));
	const card = { node, bar, distance, badge, up, down, item: null, next: null };

	for (const event of ['mouseenter', 'focus', 'click']) bar.addEventListener(event, () => showTip(card));
	for (const event of ['mouseleave', 'blur']) bar.addEventListener(event, hideTip);
	up.addEventListener('click', () => judge(row, liked, disliked));
	down.addEventListener('click', () => judge(row, disliked, liked));
	return card;
}

function fillCard(item, next, longest) {
	const key = keyText(item.row);
	let card = cards.get(key);
	if (!card) cards.set(key, (card = makeCard(item.row)));
	Object.assign(card, { item, next });
	card.bar.replaceChildren(
		...schema.columns
			.filter(({ name }) => item.parts[name] > 0)
			.map(({ name }) =>
				element('i', { style: { width: `${(100 * item.parts[name]) / longest}%`, background: colorOf[name] } }),
			),
	);
	card.bar.setAttribute(
		'aria-label',
		`Distance ${number(item.distance)}: ${Object.entries(item.parts)
			.map(([name, part]) => `${name} ${number(part)}`)
			.join(', ')}`,
	);
	card.distance.textContent = number(item.distance);
	card.up.setAttribute('aria-pressed', liked.has(key));
	card.down.setAttribute('aria-pressed', disliked.has(key));
	card.node.classList.remove('wrong', 'moved');
	card.badge.hidden = true;
	return card;
}

function render(fused) {
	const longest = Math.max(...shown.map(item => item.distance), ...exact.map(item => item.distance), 1e-9);
	const places = new Map(exact.map((item, i) => [keyText(item.row), i]));
	const nodes = shown.map((item, i) => {
		const card = fillCard(item, shown[i + 1] ?? null, longest);
		if (fused) {
			const place = places.get(keyText(item.row));
			card.badge.hidden = false;
			card.badge.textContent =
				place === undefined
					? `not among the ${exact.length}`
					: place === i
						? `${i + 1}`
						: `${i + 1}, should be ${place + 1}`;
			card.node.classList.toggle('wrong', place === undefined);
			card.node.classList.toggle('moved', place !== undefined && place !== i);
		}
		return card.node;
	});
	place(byId('grid'), nodes);

	const inFused = new Set(shown.map(item => keyText(item.row)));
	const missed = fused ? exact.filter(item => !inFused.has(keyText(item.row))) : [];
	byId('fusion').hidden = !fused;
	byId('missed-section').hidden = missed.length === 0;
	if (fused) {
		const moved = shown.filter(
			(item, i) => places.has(keyText(item.row)) && places.get(keyText(item.row)) !== i,
		).length;
		byId('fusion').textContent =
			`Reciprocal rank fusion of each column's own 100 nearest misses ${missed.length} of the ` +
			`${exact.length} nearest rows, and puts ${moved} of those it finds in another place.`;
	}
	byId('missed').replaceChildren(
		...missed.map(item => {
			const card = fillCard(item, null, longest);
			card.badge.hidden = false;
			card.badge.textContent = `is ${places.get(keyText(item.row)) + 1}`;
			return card.node;
		}),
	);
	if (cards.size > 600) {
		const used = new Set([...shown, ...missed].map(item => keyText(item.row)));
		for (const key of cards.keys()) if (!used.has(key)) cards.delete(key);
	}
	if (exact.length === 0)
		byId('grid').replaceChildren(element('li', {}, 'No row is that near, or passes the filters.'));
}

// Puts nodes into a list, moving only those that are not in their place, so that the
// focus stays.
function place(list, nodes) {
	nodes.forEach((node, i) => {
		if (list.children[i] !== node) list.insertBefore(node, list.children[i] ?? null);
	});
	while (list.children.length > nodes.length) list.lastChild.remove();
}

// ---------- why ----------

// What sets a row apart from the next one, in words.
function why(item, next) {
	const apart = schema.columns
		.map(({ name }) => ({ name, by: (next.parts[name] ?? 0) - (item.parts[name] ?? 0) }))
		.filter(({ by }) => Math.abs(by) >= 0.0005)
		.sort((a, b) => Math.abs(b.by) - Math.abs(a.by))
		.slice(0, 4);
	const list = (sign, word) => {
		const some = apart
			.filter(({ by }) => by * sign > 0)
			.map(({ name, by }) => `${number(Math.abs(by))} in ${name}`);
		return some.length > 0 ? `${word} by ${some.join(', ')}` : '';
	};
	const lead = next.distance - item.distance;
	const reasons = [list(1, 'nearer'), list(-1, 'farther')].filter(Boolean).join('; ');
	const beginning =
		lead < -0.0005
			? `Above “${nameOf(next.row)}”, though ${number(-lead)} farther`
			: lead < 0.0005
				? `As near as “${nameOf(next.row)}”, the next one`
				: `Above “${nameOf(next.row)}” by ${number(lead)}`;
	return `${beginning}${reasons ? `: ${reasons}` : ''}.`;
}

function showTip({ bar, item, next }) {
	const tip = byId('tip');
	const rows = schema.columns
		.filter(({ name }) => item.parts[name] !== undefined)
		.map(({ name }) =>
			element(
				'tr',
				{},
				element(
					'td',
					{},
					element('span.swatch', { style: { background: colorOf[name], outline: '1px solid #ffffff88' } }),
					` ${name}`,
				),
				element('td', {}, number(item.parts[name])),
				element('td', {}, `${Math.round((100 * item.parts[name]) / (item.distance || 1))} %`),
			),
		);
	tip.replaceChildren(
		element(
			'table',
			{},
			...rows,
			element(
				'tr.total',
				{},
				element('td', {}, 'distance'),
				element('td', {}, number(item.distance)),
				element('td'),
			),
		),
		next ? element('p', {}, why(item, next)) : null,
		...(item.score === undefined ? [] : [element('p', {}, `Score of the fusion: ${number(item.score, 4)}.`)]),
	);
	tip.hidden = false;
	bar.setAttribute('aria-describedby', 'tip');
	const box = bar.getBoundingClientRect();
	const own = tip.getBoundingClientRect();
	tip.style.left = `${Math.max(8, Math.min(box.left, innerWidth - own.width - 8))}px`;
	tip.style.top = `${box.bottom + own.height + 8 < innerHeight ? box.bottom + 6 : Math.max(8, box.top - own.height - 6)}px`;
}

function hideTip() {
	byId('tip').hidden = true;
}

// ---------- the query object ----------

async function compareWith(row) {
	document.body.dataset.busy = '';
	takeObject(row);
	liked.clear();
	disliked.clear();
	await readQueryRow();
	showObject();
	showFields();
	showFeedback();
	changed();
	scrollTo({ top: 0 });
}

// Makes a word that was typed the query object.
function takeWord(word) {
	const { name, type } = schema.columns.find(column => column.name === schema.show.title);
	leaveRow();
	setValue(name, word, type);
	tellOfObject();
}

// Makes the colours that were drawn the query object, together with a word that was
// typed.
function takeColors(histogram) {
	leaveRow();
	if (histogram) state.object[schema.show.colors] = histogram;
	else delete state.object[schema.show.colors];
	if (Object.keys(state.object).length > 0) tellOfObject();
}

// The values that were given stay, but those in place of a row's.
function leaveRow() {
	if (state.id !== null) state.object = {};
	state.id = null;
	queryRow = null;
}

function tellOfObject() {
	liked.clear();
	disliked.clear();
	showObject();
	showFields();
	showFeedback();
	changed();
}

// Makes a row the query object: by its key, or by its values if it has none.
function takeObject(row) {
	state.id = schema.key.length > 0 ? keyOf(row) : null;
	state.object =
		schema.key.length > 0
			? {}
			: Object.fromEntries(
					schema.columns.map(({ name }) => [name, row[name]]).filter(([, value]) => value !== undefined),
				);
}

async function readQueryRow() {
	queryRow = null;
	if (state.id === null) return;
	const { rows } = await ask('query', {
		id: state.id,
		k: 1,
		select,
		filter: { columns: schema.key.length === 1 ? { [schema.key[0]]: state.id } : state.id },
	});
	queryRow = rows[0]?.row ?? null;
}

function showObject() {
	const image =
		queryRow && Object.keys(state.object).filter(isVector).length === 0 ? picture(queryRow, schema.show) : null;
	const edited = Object.keys(state.object).length > 0;
	byId('object').replaceChildren(
		...[
			image,
			element(
				'div',
				{},
				element(
					'strong',
					{},
					state.object[schema.show.title] ?? (queryRow ? nameOf(queryRow) : 'These values'),
				),
				element(
					'small',
					{},
					queryRow
						? edited
							? 'a row with changed values'
							: schema.key.map(name => `${name} ${queryRow[name]}`).join(', ')
						: 'only what is given below',
				),
				edited && queryRow
					? element('button', { type: 'button', onclick: () => compareWith(queryRow) }, 'As it was')
					: null,
			),
		].filter(Boolean),
	);
}

// The fields to edit.  They stay as they are while they are edited, so that the focus
// stays, too.
function showFields() {
	const fields = schema.columns.map(({ name, type }) => {
		const value = state.object[name] !== undefined ? state.object[name] : queryRow?.[name];
		const on = element('input', {
			type: 'checkbox',
			id: `use-${name}`,
			checked: value !== null && value !== undefined && state.object[name] !== null,
			onchange: () => {
				if (on.checked) delete state.object[name];
				else state.object[name] = null;
				if (on.checked && input && input.value !== '' && input.value !== words(queryRow?.[name]))
					setValue(name, input.value, type);
				showObject();
				changed();
			},
		});
		const input = isVector(name)
			? null
			: element('input', {
					type: 'text',
					id: `value-${name}`,
					'aria-label': `Value of ${name}`,
					value: words(value),
					placeholder: type.endsWith('[]') ? 'a, b, c' : type,
					onchange: () => {
						setValue(name, input.value, type);
						on.checked = input.value !== '';
						showObject();
						changed();
					},
				});
		return element('div.field', {}, on, element('label', { for: `use-${name}` }, name), input);
	});
	byId('fields').replaceChildren(
		...fields,
		element('p.note', {}, 'A column without a tick plays no part.'),
		element(
			'p.buttons',
			{},
			element(
				'button',
				{
					type: 'button',
					onclick: () => {
						const own = Object.fromEntries(
							schema.columns
								.map(({ name, type }) => [name, byId(`value-${name}`)?.value ?? ''])
								.filter(([name, text]) => text !== '' && byId(`use-${name}`).checked),
						);
						state.id = null;
						queryRow = null;
						state.object = {};
						for (const [name, text] of Object.entries(own))
							setValue(name, text, schema.columns.find(c => c.name === name).type);
						showObject();
						showFields();
						showFeedback();
						changed();
					},
				},
				'Only these values',
			),
		),
	);
}

// Sets a value that was typed.  The server reads it as its column's type.
function setValue(name, text, type) {
	if (text === '') state.object[name] = null;
	else if (type.endsWith('[]'))
		state.object[name] = text
			.split(',')
			.map(item => item.trim())
			.filter(Boolean);
	else state.object[name] = text;
}

// ---------- weights ----------

function showWeights() {
	byId('weights').replaceChildren(
		...schema.columns.map(({ name, metric }) => {
			const value = element('output', { htmlFor: `weight-${name}` }, number(state.weights[name], 2));
			const slider = element('input', {
				type: 'range',
				id: `weight-${name}`,
				min: 0,
				max: 2,
				step: 0.02,
				style: { accentColor: colorOf[name] },
				oninput: () => {
					state.weights[name] = Number(slider.value);
					value.textContent = number(slider.value, 2);
					byId('profile').value = '';
					changed();
				},
			});
			slider.value = state.weights[name];
			return element(
				'div.weight',
				{ id: `row-${name}` },
				element(
					'label',
					{ for: `weight-${name}`, title: metric },
					element('span.swatch', { style: { background: colorOf[name] } }),
					name,
				),
				value,
				slider,
			);
		}),
	);
}

// Sets weights so that the greatest is 1: answers depend on their proportions only.
function setWeights(weights) {
	const greatest = Math.max(...Object.values(weights), 1e-12);
	for (const { name } of schema.columns)
		state.weights[name] = Math.round((100 * (weights[name] ?? 0)) / greatest) / 100;
	showWeights();
	changed();
	return greatest;
}

function showProfiles() {
	const list = byId('profile');
	list.hidden = schema.profiles.length === 0;
	list.replaceChildren(
		element('option', { value: '' }, 'Saved …'),
		...schema.profiles.map(({ name }) => element('option', { value: name }, name)),
	);
	byId('save').hidden = !schema.maySaveProfiles;
}

// ---------- filters ----------

function showFilters() {
	const set = (name, condition) => {
		if (condition === null) delete state.filter[name];
		else state.filter[name] = condition;
		countFilters();
		changed();
	};
	const rows = schema.attributes
		.filter(a => !isVector(a.name))
		.map(attribute => {
			const { name, category, bounds, common, elements, distinct } = attribute;
			if (category === 'N' || category === 'D') return rangeFilter(name, category, bounds, set);
			if (category === 'B') return choiceFilter(name, set);
			if (category === 'A') return chipsFilter(name, elements ?? [], 'contains', set);
			if ((category === 'S' || category === 'E') && (distinct > 0 || category === 'E'))
				return chipsFilter(name, common ?? [], 'in', set);
			return null;
		})
		.filter(Boolean);
	byId('filters').replaceChildren(...rows);
	countFilters();
}

function countFilters() {
	const n = Object.keys(state.filter).length;
	byId('filter-count').textContent = n > 0 ? `(${n})` : '';
}

function rangeFilter(name, category, bounds, set) {
	const [low, high] = bounds ?? [];
	const ends = ['from', 'to'].map((end, i) =>
		element('input', {
			type: category === 'N' ? 'number' : 'text',
			step: 'any',
			'aria-label': `${name} ${end}`,
			placeholder: [low, high][i] ?? '',
			value: state.filter[name]?.between?.[i] ?? '',
			onchange: () => {
				const values = ends.map(input =>
					input.value === '' ? null : category === 'N' ? Number(input.value) : input.value,
				);
				set(name, values.some(value => value !== null) ? { between: values } : null);
			},
		}),
	);
	return element('div.filter', {}, element('span', {}, name), element('div.ends', {}, ends[0], 'to', ends[1]));
}

function choiceFilter(name, set) {
	const choice = element(
		'select',
		{
			id: `filter-${name}`,
			onchange: () => set(name, choice.value === '' ? null : choice.value === 'true'),
		},
		element('option', { value: '' }, 'any'),
		element('option', { value: 'true' }, 'yes'),
		element('option', { value: 'false' }, 'no'),
	);
	choice.value = state.filter[name] === undefined ? '' : String(state.filter[name]);
	return element('div.filter', {}, element('label', { for: `filter-${name}` }, name), choice);
}

function chipsFilter(name, values, how, set) {
	const chips = element('div');
	const input = element('input', {
		type: 'text',
		id: `filter-${name}`,
		list: `values-${name}`,
		placeholder: how === 'in' ? 'any of …' : 'has …',
		onchange: () => {
			if (input.value === '') return;
			change([...new Set([...chosen(), input.value])]);
			input.value = '';
		},
	});
	const chosen = () => state.filter[name]?.[how] ?? [];
	const change = list => {
		set(name, list.length > 0 ? { [how]: list } : null);
		show();
	};
	const show = () =>
		chips.replaceChildren(
			...chosen().map(value =>
				element(
					'button.chip',
					{
						type: 'button',
						'aria-label': `Remove ${value}`,
						onclick: () => change(chosen().filter(other => other !== value)),
					},
					`${value} ×`,
				),
			),
		);
	show();
	return element(
		'div.filter',
		{},
		element('label', { for: `filter-${name}` }, name),
		input,
		element('datalist', { id: `values-${name}` }, ...values.map(value => element('option', { value }))),
		chips,
	);
}

// ---------- feedback and learning ----------

function judge(row, into, from) {
	const key = keyText(row);
	from.delete(key);
	if (!into.delete(key)) into.set(key, row);
	const card = cards.get(key);
	card.up.setAttribute('aria-pressed', liked.has(key));
	card.down.setAttribute('aria-pressed', disliked.has(key));
	showFeedback();
}

function showFeedback() {
	byId('feedback').textContent =
		liked.size + disliked.size === 0
			? 'Mark results with thumbs up or down.'
			: `${liked.size} good, ${disliked.size} bad.`;
	byId('refine').disabled = liked.size === 0;
	byId('keep').disabled = liked.size === 0 || state.id === null;
	byId('learn').disabled = examples.length === 0;
	byId('learn').textContent = examples.length > 1 ? `Learn from ${examples.length} examples` : 'Learn from these';
}

async function refine() {
	const { weights } = await ask('refine', {
		query: { ...(state.id === null ? {} : { id: state.id }), object: state.object },
		weights: state.weights,
		liked: [...liked.values()].map(keyOf),
		disliked: [...disliked.values()].map(keyOf),
	});
	setWeights(weights);
	byId('learned').textContent = 'The weights have moved towards what is good.';
}

async function learn() {
	byId('learned').textContent = 'Learning …';
	const { columns, weights, lower, upper, recall, seconds } = await ask('learn', { examples });
	const greatest = setWeights(Object.fromEntries(columns.map((name, i) => [name, weights[i]])));
	columns.forEach((name, i) => {
		const place = x => Math.min(100, (100 * x) / greatest / 2);
		byId(`row-${name}`).append(
			svg(
				'svg',
				{
					viewBox: '0 0 100 7',
					preserveAspectRatio: 'none',
					role: 'img',
					'aria-label': `95 % interval of ${name}: ${number(lower[i] / greatest, 2)} to ${number(upper[i] / greatest, 2)}`,
				},
				svg('rect', {
					x: place(lower[i]),
					y: 2,
					width: Math.max(1, place(upper[i]) - place(lower[i])),
					height: 3,
					fill: colorOf[name],
					'fill-opacity': 0.55,
				}),
			),
		);
	});
	byId('learned').textContent =
		`Learned from ${examples.length} example${examples.length > 1 ? 's' : ''} in ${number(seconds, 2)} s; ` +
		`finds ${Math.round(100 * recall)} % of the good rows. The lines below the sliders are 95 % intervals.`;
}

// ---------- behind the view ----------

const panels = {
	async plan() {
		const { explain } = await ask(
			'query',
			currentQuery({ explain: 'analyze', select: schema.key.length > 0 ? schema.key : select.slice(0, 1) }),
		);
		return planPicture(explain, total);
	},
	async sql() {
		const texts = await ask('sql', currentQuery({ select: undefined }));
		return [
			['plain', 'Plain SQL'],
			['odbknn', 'By odbknn, with parts'],
			['odb_query', 'By odb_query, as it runs here'],
		]
			.filter(([name]) => texts[name])
			.map(([name, title]) => {
				const code = element('pre', { tabIndex: 0, 'aria-label': title }, texts[name]);
				return element(
					'div.sql',
					{},
					element('h3', {}, title),
					element(
						'button',
						{
							type: 'button',
							'aria-label': `Copy: ${title}`,
							onclick: async event => {
								await navigator.clipboard.writeText(texts[name]);
								event.target.textContent = 'Copied';
							},
						},
						'Copy',
					),
					code,
				);
			});
	},
	async near() {
		const columns = schema.columns.map(column => column.name).filter(name => state.weights[name] > 0);
		const { rows } = await ask(
			'query',
			currentQuery({ k: 200, select: [...new Set([...schema.key, schema.show.title].filter(Boolean))] }),
		);
		return neighbourhood(rows, columns, { name: nameOf, shown: exact.length, pick: compareWith });
	},
	async map() {
		return map(exact, schema.show.point, { name: nameOf, pick: compareWith });
	},
};
let panel = 'plan';

async function showBehind() {
	const place = byId(`panel-${panel}`);
	const which = panel;
	const asked = changedAt;
	document.body.dataset.busy = '';
	try {
		const nodes = await panels[which]();
		if (which === panel) place.replaceChildren(...nodes);
	} catch (error) {
		place.replaceChildren(element('p', { className: 'note' }, error.message));
	}
	if (asked === changedAt) delete document.body.dataset.busy;
}

function choosePanel(name) {
	panel = name;
	for (const tab of document.querySelectorAll('[role=tab]')) {
		const own = tab.id === `tab-${name}`;
		tab.setAttribute('aria-selected', own);
		tab.tabIndex = own ? 0 : -1;
		byId(tab.getAttribute('aria-controls')).hidden = !own;
	}
	showBehind();
}

// ---------- the beginning ----------

function showSettings() {
	byId('k').value = state.k;
	byId('radius').value = state.radius ?? '';
	for (const input of document.querySelectorAll('input[name=missing]')) input.checked = input.value === state.missing;
	for (const input of document.querySelectorAll('input[name=mode]')) input.checked = input.value === state.mode;
}

function listen() {
	const report = action => async () => {
		try {
			await action();
		} catch (error) {
			byId('learned').textContent = error.message;
		}
	};
	byId('controls').addEventListener('submit', event => event.preventDefault());
	byId('word').addEventListener('change', event => {
		const word = event.target.value.trim();
		event.target.value = '';
		if (word !== '') takeWord(word);
	});
	byId('k').addEventListener('input', event => {
		if (!event.target.checkValidity() || event.target.value === '') return;
		state.k = Number(event.target.value);
		changed();
	});
	byId('radius').addEventListener('input', event => {
		state.radius = event.target.value === '' ? null : Math.max(0, Number(event.target.value));
		changed();
	});
	byId('missing').addEventListener('change', event => {
		state.missing = event.target.value;
		changed();
	});
	byId('mode').addEventListener('change', event => {
		state.mode = event.target.value;
		changed();
	});
	byId('equal').addEventListener('click', () =>
		setWeights(Object.fromEntries(schema.columns.map(({ name }) => [name, 1]))),
	);
	byId('profile').addEventListener('change', event => {
		const profile = schema.profiles.find(({ name }) => name === event.target.value);
		if (profile) setWeights(Object.fromEntries(profile.columns.map((name, i) => [name, profile.weights[i]])));
		event.target.value = profile?.name ?? '';
	});
	byId('save').addEventListener(
		'click',
		report(async () => {
			const name = prompt('Save these weights as');
			if (!name) return;
			({ profiles: schema.profiles } = await ask('profiles', { name, weights: state.weights }));
			showProfiles();
			byId('profile').value = name;
		}),
	);
	byId('refine').addEventListener('click', report(refine));
	byId('keep').addEventListener('click', () => {
		examples = examples.filter(example => JSON.stringify(example.key) !== JSON.stringify(state.id));
		examples.push({ key: state.id, relevant: [...liked.values()].map(keyOf) });
		byId('learned').textContent = 'Kept. Choose another row, and mark what is like it.';
		showFeedback();
	});
	byId('learn').addEventListener('click', report(learn));
	document.querySelector('[role=tablist]').addEventListener('click', event => {
		const tab = event.target.closest('[role=tab]');
		if (tab) choosePanel(tab.id.slice(4));
	});
	document.querySelector('[role=tablist]').addEventListener('keydown', event => {
		const tabs = [...document.querySelectorAll('[role=tab]')].filter(tab => !tab.hidden);
		const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
		if (!step) return;
		const tab = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
		tab.focus();
		choosePanel(tab.id.slice(4));
	});
	document.addEventListener('keydown', event => {
		if (event.key === 'Escape') hideTip();
	});
	addEventListener('scroll', hideTip, { passive: true });
}

async function begin() {
	schema = await ask('schema');
	colorOf = Object.fromEntries(schema.columns.map(({ name }, i) => [name, palette[i % palette.length]]));
	const typeOf = Object.fromEntries([...schema.attributes, ...schema.columns].map(({ name, type }) => [name, type]));
	const vectors = new Set(
		schema.columns
			.filter(({ type }) => /vector/.test(type) || /^(real|double precision)\[\]$/.test(type))
			.map(({ name }) => name),
	);
	isVector = name => vectors.has(name) || /vector|bytea|^(real|double precision)\[\]$/.test(typeOf[name] ?? '');
	select = schema.attributes
		.map(({ name }) => name)
		.filter(
			name =>
				schema.key.length === 0 ||
				!isVector(name) ||
				[schema.show.thumbnail, schema.show.colors].includes(name),
		);
	total = schema.rows ?? 0;
	byId('table').textContent = schema.table;
	document.title = `${schema.table} – mmdb explorer`;
	const word = byId('word');
	word.hidden = !schema.columns.some(({ name }) => name === schema.show.title);
	word.placeholder = `or type a ${schema.show.title} …`;
	word.setAttribute('aria-label', `Search by ${schema.show.title}`);
	byId('drawing-panel').hidden = !schema.columns.some(({ name }) => name === schema.show.colors);
	byId('drawing').replaceChildren(...drawing(takeColors));
	byId('tab-map').hidden = !schema.show.point;
	for (const { name } of schema.columns) state.weights[name] = 1;
	readAddress();
	if (state.id === null && Object.keys(state.object).length === 0) {
		if (schema.show.start !== null) state.id = schema.show.start;
		else {
			const { rows } = await ask('query', { k: 1, select: schema.key.length > 0 ? schema.key : select });
			if (rows.length === 0) throw new Error('The table is empty.');
			takeObject(rows[0].row);
		}
	}
	await readQueryRow();
	showSettings();
	showObject();
	showFields();
	showWeights();
	showProfiles();
	showFilters();
	showFeedback();
	listen();
	changed();
}

begin().catch(showError);
