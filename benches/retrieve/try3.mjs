import { readFileSync } from 'node:fs';
const dir='/tmp/peers-data/10k/';
const f32=(n)=>new Float32Array(new Uint8Array(readFileSync(dir+n)).buffer);
const rows=f32('rows.f32'),queries=f32('queries.f32'),exp=new Uint32Array(new Uint8Array(readFileSync(dir+'expected.u32')).buffer);
const D=64,N=rows.length/D,Q=50,W=65;
let max=0;const n2=[];for(let r=0;r<N;r++){let s=0;for(let d=0;d<D;d++)s+=rows[r*D+d]**2;n2.push(s);max=Math.max(max,s)}
const aug=new Float32Array(N*W);for(let r=0;r<N;r++){aug.set(rows.subarray(r*D,r*D+D),r*W);aug[r*W+D]=Math.sqrt(max-n2[r])}
const pad=q=>{const o=new Float32Array(W);o.set(q);return o};
const rec=(f)=>{let h=0;const t=performance.now();for(let q=0;q<Q;q++){const got=f(queries.slice(q*D,q*D+D));const s=new Set(exp.subarray(q*20,q*20+20));h+=got.filter(x=>s.has(x)).length}return [h/Q/20,(performance.now()-t)/Q]};
const us=await import('usearch');
for (const [metric,data,w,prep] of [['ip',rows,D,q=>q],['l2sq',aug,W,pad],['cos',aug,W,pad]]) {
 const conf=e=>({dimensions:w,metric,quantization:'f32',connectivity:16,expansion_add:128,expansion_search:e,multi:false});
 const ix=new us.Index(conf(20)); const keys=BigUint64Array.from({length:N},(_, i)=>BigInt(i)); let t=performance.now(); ix.add(keys,data,1); console.log('usearch',metric,performance.now()-t);
 ix.save('/tmp/peers-data/u.bin');
 for (const e of [20,50,100,200,400,800]) { const j=new us.Index(conf(e)); j.load('/tmp/peers-data/u.bin'); console.log(e,rec(q=>Array.from(j.search(prep(q),20,1).keys,Number)),rec(q=>Array.from(j.search(prep(q),20,0).keys,Number))); }
}
console.log('exact', rec(q=>Array.from(us.exactSearch(rows,q,D,20,'ip',1).keys,Number)));
globalThis.window=globalThis;
const {loadHnswlib}=await import('./node_modules/hnswlib-wasm/dist/hnswlib.js');
let lib; try { lib=await loadHnswlib(); } catch(e){console.log('load err',e)}
const m=(await import('./node_modules/hnswlib-wasm/dist/hnswlib-317962d7.js')).default;
lib ??= await m();
console.log(Object.keys(lib.asm).length, lib.asm.memory?.buffer.byteLength, lib.HEAP8?.length);
for (const [metric,data,w,prep] of [['ip',rows,D,q=>q],['l2',aug,W,pad]]) {
 const ix=new lib.HierarchicalNSW(metric,w,''); ix.initIndex(N,16,128,100); let t=performance.now(); for(let r=0;r<N;r++) ix.addPoint(data.subarray(r*w,r*w+w),r,false); console.log('hnswlib',metric,performance.now()-t,lib.HEAP8.length, lib.asm.memory?.buffer.byteLength);
 for (const e of [20,50,100,200,400,800]) { ix.setEfSearch(e); console.log(e,ix.getEfSearch(),rec(q=>ix.searchKnn(prep(q),20,undefined).neighbors)); }
}
