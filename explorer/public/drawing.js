// A small drawing, whose colours become a query: the same histogram is made of it as of
// the table's pictures.
import { element } from './elements.js';

const side = 16; // cells of the drawing, across and down
const brush = 1; // cells painted on each side of the pointer
const stripe = 4; // rows of a stripe

const swatches = ['#d62828', '#f28c28', '#f7d716', '#2e9e3f', '#3fc1c9', '#1f5fbf', '#8e44ad', '#ffffff', '#000000'];

// A histogram of colours ([red, green, blue] each, up to 255; null: none): the part of
// them in each of 8 hues by 4 saturations, as HSV has these.  Black, white and greys have
// no saturation, and are in the first bin.  Null if there is no colour.
export function colorHistogram(colors) {
	const counts = new Array(32).fill(0);
	let total = 0;
	for (const color of colors) {
		if (!color) continue;
		const [r, g, b] = color;
		const most = Math.max(r, g, b);
		const range = most - Math.min(r, g, b);
		const sixth =
			range === 0 ? 0 : most === r ? ((g - b) / range + 6) % 6 : most === g ? (b - r) / range + 2 : (r - g) / range + 4;
		const saturation = most === 0 ? 0 : range / most;
		counts[Math.min(7, Math.floor((sixth * 8) / 6)) * 4 + Math.min(3, Math.floor(saturation * 4))]++;
		total++;
	}
	return total === 0 ? null : counts.map(n => n / total);
}

const channels = hex => [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16));

// Something to draw on.  changed is called with the histogram of what is drawn, when a
// stroke has ended.
export function drawing(changed) {
	const cells = new Array(side * side).fill(null);
	let nextRow = 0;
	let painting = false;
	const canvas = element('canvas.drawing', {
		width: side,
		height: side,
		role: 'img',
		'aria-label': 'A drawing: drag to paint',
	});
	const color = element('input', { type: 'color', value: swatches[0], 'aria-label': 'Colour to paint with' });

	function paint(x, y) {
		if (x < 0 || y < 0 || x >= side || y >= side) return;
		cells[y * side + x] = channels(color.value);
		const context = canvas.getContext('2d');
		context.fillStyle = color.value;
		context.fillRect(x, y, 1, 1);
	}

	function paintAt(event) {
		const box = canvas.getBoundingClientRect();
		const x = Math.floor(((event.clientX - box.left) / box.width) * side);
		const y = Math.floor(((event.clientY - box.top) / box.height) * side);
		for (let dx = -brush; dx <= brush; dx++) for (let dy = -brush; dy <= brush; dy++) paint(x + dx, y + dy);
	}

	const tell = () => changed(colorHistogram(cells));

	canvas.addEventListener('pointerdown', event => {
		painting = true;
		canvas.setPointerCapture(event.pointerId);
		paintAt(event);
	});
	canvas.addEventListener('pointermove', event => {
		if (painting) paintAt(event);
	});
	for (const end of ['pointerup', 'pointercancel'])
		canvas.addEventListener(end, () => {
			if (painting) tell();
			painting = false;
		});

	return [
		canvas,
		element(
			'p.swatches',
			{},
			color,
			...swatches.map(value =>
				element('button', {
					type: 'button',
					title: value,
					'aria-label': `Paint with ${value}`,
					style: { background: value },
					onclick: () => (color.value = value),
				}),
			),
		),
		element(
			'p.buttons',
			{},
			element(
				'button',
				{
					type: 'button',
					id: 'stripe',
					onclick: () => {
						for (let i = 0; i < stripe * side; i++)
							paint(i % side, (nextRow + Math.floor(i / side)) % side);
						nextRow = (nextRow + stripe) % side;
						tell();
					},
				},
				'Add a stripe',
			),
			element(
				'button',
				{
					type: 'button',
					id: 'clear',
					onclick: () => {
						cells.fill(null);
						nextRow = 0;
						canvas.getContext('2d').clearRect(0, 0, side, side);
						tell();
					},
				},
				'Clear',
			),
		),
		element(
			'p.note',
			{},
			'Pictures are found by how much of their area each colour takes, wherever it is: eight hues by four saturations.',
		),
	];
}
