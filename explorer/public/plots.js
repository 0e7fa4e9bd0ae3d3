// The pictures behind the view: how rows were found, the neighbourhood, the map.
import { element, svg, number, count } from './elements.js';

// The node of a plan that searches the index, or the one that reads the table.
function findScan(node) {
	if (node['Custom Plan Provider']?.startsWith('MMDB') || node['Relation Name']) return node;
	for (const child of node.Plans ?? []) {
		const found = findScan(child);
		if (found) return found;
	}
	return null;
}

// EXPLAIN ANALYZE as a funnel: how few rows are left after each step.
export function planPicture(explained, total) {
	const [{ Plan: plan, 'Execution Time': time, 'Planning Time': planning }] = explained.plan;
	const scan = findScan(plan);
	const byIndex = Boolean(scan?.['Custom Plan Provider']);
	const pages = (scan?.['Leaf Pages'] ?? 0) + (scan?.['Inner Pages'] ?? 0);
	const steps = byIndex
		? [
				['in the table', Math.max(total, scan['Entries Bounded'] ?? 0), ''],
				['bounded in the index', scan['Entries Bounded'], pages ? `${count(pages)} pages` : ''],
				['left as candidates', scan.Candidates, ''],
				['verified, exactly', scan['Rows Verified'], ''],
				['returned', plan['Actual Rows'], ''],
			].filter(step => step[1] !== undefined)
		: [
				['in the table', total, ''],
				[
					`read by ${scan?.['Node Type'] ?? plan['Node Type']}`,
					(scan?.['Actual Rows'] ?? 0) + (scan?.['Rows Removed by Filter'] ?? 0),
					'',
				],
				['returned', plan['Actual Rows'], ''],
			];
	const most = Math.max(...steps.map(step => step[1]), 1);
	// Lengths are logarithms: the steps differ by orders of magnitude.
	const width = n => (n > 0 ? 12 + (408 * Math.log(n + 1)) / Math.log(most + 1) : 2);
	const rows = steps.flatMap(([what, n, more], i) => [
		svg('text', { x: 170, y: 21 + i * 30, 'text-anchor': 'end' }, what),
		svg('rect', {
			x: 182,
			y: 6 + i * 30,
			width: width(n),
			height: 21,
			rx: 3,
			fill: i === steps.length - 1 ? '#1c6b3a' : '#14509e',
			'fill-opacity': i === 0 ? 0.3 : 1,
		}),
		svg('text', { x: 190 + width(n), y: 21 + i * 30 }, `${count(n)} rows${more ? `, ${more}` : ''}`),
	]);
	const words = steps.map(([what, n]) => `${count(n)} ${what}`).join('; ');
	const drivers = scan?.Drivers ? [].concat(scan.Drivers).join('; ') : null;
	const facts = [
		byIndex
			? `Driven by ${scan['Index Name']}: ${drivers ?? scan['Search Method'] ?? ''}.`
			: `Answered by ${scan?.['Node Type'] ?? plan['Node Type']}, not by the index: the planner found that cheaper.`,
		`${number(time, 2)} ms to execute and ${number(planning, 2)} ms to plan, measured by EXPLAIN ANALYZE.`,
	];
	return [
		svg(
			'svg',
			{
				viewBox: `0 0 760 ${steps.length * 30 + 4}`,
				role: 'img',
				'aria-label': `How the rows were found: ${words}`,
			},
			...rows,
		),
		...facts.map(fact => element('p', { className: 'note' }, fact)),
		element(
			'details',
			{},
			element('summary', {}, 'EXPLAIN (ANALYZE, FORMAT JSON)'),
			element(
				'div',
				{ className: 'sql' },
				element('pre', { tabIndex: 0 }, JSON.stringify(explained.plan, null, 2)),
			),
		),
	];
}

// The first two principal coordinates of points, by power iteration.
export function principalCoordinates(points) {
	const n = points[0].length;
	const mean = Array.from({ length: n }, (_, j) => points.reduce((sum, p) => sum + p[j], 0) / points.length);
	const centred = points.map(p => p.map((x, j) => x - mean[j]));
	const axes = [];
	for (let axis = 0; axis < 2; axis++) {
		let v = Array.from({ length: n }, (_, j) => 1 + j * 0.37 + axis);
		for (let step = 0; step < 60; step++) {
			const next = Array(n).fill(0);
			for (const p of centred) {
				const along = p.reduce((sum, x, j) => sum + x * v[j], 0);
				p.forEach((x, j) => {
					next[j] += along * x;
				});
			}
			for (const a of axes) {
				const along = next.reduce((sum, x, j) => sum + x * a[j], 0);
				a.forEach((x, j) => {
					next[j] -= along * x;
				});
			}
			const length = Math.hypot(...next);
			if (length < 1e-12) break;
			v = next.map(x => x / length);
		}
		axes.push(v);
	}
	return { axes, coordinates: centred.map(p => axes.map(a => p.reduce((sum, x, j) => sum + x * a[j], 0))) };
}

// Points in a frame; each is {x, y, label, first, pick}.
function scatter(points, label, { equal = false, grid = null } = {}) {
	const [w, h, edge] = [760, 420, 28];
	const extent = values => {
		const [low, high] = [Math.min(...values), Math.max(...values)];
		return high > low ? [low, high] : [low - 1, high + 1];
	};
	let [x0, x1] = extent(points.map(p => p.x));
	let [y0, y1] = extent(points.map(p => p.y));
	if (equal) {
		const scale = Math.max((x1 - x0) / (w - 2 * edge), (y1 - y0) / (h - 2 * edge));
		const grow = (low, high, size) => {
			const half = (scale * (size - 2 * edge)) / 2;
			return [(low + high) / 2 - half, (low + high) / 2 + half];
		};
		[x0, x1] = grow(x0, x1, w);
		[y0, y1] = grow(y0, y1, h);
	}
	const px = x => edge + ((x - x0) / (x1 - x0)) * (w - 2 * edge);
	const py = y => h - edge - ((y - y0) / (y1 - y0)) * (h - 2 * edge);
	const lines = [];
	if (grid) {
		for (const [low, high, vertical] of [
			[x0, x1, true],
			[y0, y1, false],
		]) {
			const rough = 10 ** Math.floor(Math.log10((high - low) / 4));
			const step = [1, 2, 5, 10].map(n => n * rough).find(size => (high - low) / size <= 6);
			for (let at = Math.ceil(low / step) * step; at <= high; at += step) {
				lines.push(
					vertical
						? svg('line', { x1: px(at), x2: px(at), y1: 8, y2: h - 22, stroke: '#e3e7ed' })
						: svg('line', { x1: 8, x2: w - 8, y1: py(at), y2: py(at), stroke: '#e3e7ed' }),
				);
				lines.push(
					vertical
						? svg(
								'text',
								{ x: px(at), y: h - 8, 'text-anchor': 'middle', class: 'soft' },
								String(+at.toPrecision(6)),
							)
						: svg('text', { x: 10, y: py(at) - 4, class: 'soft' }, String(+at.toPrecision(6))),
				);
			}
		}
	}
	const dots = points
		.map((p, i) =>
			svg(
				'circle',
				{
					class: 'dot',
					cx: px(p.x),
					cy: py(p.y),
					r: p.first ? 8 : 5,
					fill: p.first ? '#b42318' : p.shown ? '#14509e' : '#8b96a5',
					'fill-opacity': p.first ? 1 : 0.75,
					onclick: () => p.pick(),
				},
				svg('title', {}, p.label),
			),
		)
		.reverse();
	// The nearest have their names, where there is room for them.
	const taken = [];
	const names = points.slice(0, 20).map(p => {
		const [x, y, length] = [px(p.x) + 9, py(p.y) + 4, p.name.length * 7];
		if (
			x + length > w ||
			taken.some(other => Math.abs(other.y - y) < 14 && x < other.x + other.length && other.x < x + length)
		)
			return null;
		taken.push({ x, y, length });
		return svg('text', { x, y, class: p.first ? '' : 'soft' }, p.name);
	});
	return svg(
		'svg',
		{ viewBox: `0 0 ${w} ${h}`, role: 'img', 'aria-label': label },
		svg('rect', { x: 0.5, y: 0.5, width: w - 1, height: h - 1, rx: 6, fill: '#fbfcfd', stroke: '#d9dee6' }),
		...lines,
		...dots,
		...names,
	);
}

// The nearest rows by what each column adds to their distances.
export function neighbourhood(rows, columns, { name, shown, pick }) {
	const points = rows.map(row => columns.map(column => row.parts[column] ?? 0));
	if (points.length < 3) return [element('p', { className: 'note' }, 'There are too few rows for a picture.')];
	const { axes, coordinates } = principalCoordinates(points);
	const says = axis =>
		columns
			.map((column, j) => [column, axis[j]])
			.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]))
			.slice(0, 2)
			.filter(([, x]) => Math.abs(x) > 0.2)
			.map(([column]) => column)
			.join(' and ');
	return [
		scatter(
			coordinates.map(([x, y], i) => ({
				x,
				y,
				first: i === 0,
				shown: i < shown,
				name: name(rows[i].row),
				pick: () => pick(rows[i].row),
				label: `${i + 1}. ${name(rows[i].row)}: ${number(rows[i].distance)}`,
			})),
			`The ${rows.length} nearest rows; rows that are alike in what sets them apart lie close together`,
		),
		element(
			'p',
			{ className: 'note' },
			`The ${count(rows.length)} nearest, by the first two principal coordinates of their parts: from left to right mostly ${says(axes[0]) || 'all columns'}, ` +
				`upwards mostly ${says(axes[1]) || 'all columns'}. Red is the nearest, blue are those in the grid.`,
		),
	];
}

const point = value => (typeof value === 'string' ? value.replace(/[()]/g, '').split(',').map(Number) : value);

// Rows by their place.
export function map(rows, column, { name, pick }) {
	const placed = rows.filter(row => row.row[column]);
	if (placed.length === 0) return [element('p', { className: 'note' }, 'No row has a place.')];
	return [
		scatter(
			placed.map((row, i) => {
				const [x, y] = point(row.row[column]);
				return {
					x,
					y,
					first: i === 0,
					shown: true,
					name: name(row.row),
					pick: () => pick(row.row),
					label: `${i + 1}. ${name(row.row)}: ${number(row.distance)}`,
				};
			}),
			`Where the rows are, by ${column}`,
			{ equal: true, grid: true },
		),
		element('p', { className: 'note' }, `By ${column}. Red is the nearest.`),
	];
}
