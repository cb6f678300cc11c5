import { svelte } from '@sveltejs/vite-plugin-svelte';
import { type ProxyOptions } from 'vite';
import { defineConfig } from 'vitest/config';

const service = process.env.SERVICE_URL ?? 'http://127.0.0.1:3001';

/** The service takes requests of its own pages only, so those of this server have to look like one. */
const toService: ProxyOptions = {
  target: service,
  changeOrigin: true,
  configure: (proxy) => {
    proxy.on('proxyReq', (request) => {
      if (request.getHeader('origin')) request.setHeader('origin', service);
    });
  },
};
const proxy = Object.fromEntries(['/api', '/docs', '/readyz'].map((path) => [path, toService]));

export default defineConfig({
  plugins: [svelte()],
  server: { proxy },
  preview: {
    proxy,
    headers: {
      'Content-Security-Policy':
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    },
  },
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  // The page may be served below a path. Only index.html spells the root, for the service to replace.
  experimental: {
    renderBuiltUrl: (filename, { hostType }) => (hostType === 'html' ? `/${filename}` : { relative: true }),
  },
  test: { environment: 'jsdom', include: ['src/**/*.test.ts'] },
});
